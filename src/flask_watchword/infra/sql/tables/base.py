"""The metadata of all tables, and the name of the Alembic version table."""

from sqlalchemy import MetaData

from flask_watchword.infra.table_names import TABLE_PREFIX

#: Alembic's version table. It has its own name, because the application may use Alembic in the same
#: database.
VERSION_TABLE = f"{TABLE_PREFIX}alembic_version"

metadata = MetaData()
