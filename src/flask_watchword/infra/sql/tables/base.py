"""What all tables share: one collection, and one prefix, beside an application's own."""

from sqlalchemy import MetaData

from flask_watchword.infra.table_names import TABLE_PREFIX

#: Where Alembic notes what was applied. A name of our own, because the application may keep an
#: Alembic history in the same database.
VERSION_TABLE = f"{TABLE_PREFIX}alembic_version"

metadata = MetaData()
