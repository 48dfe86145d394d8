"""What all tables share: one collection, and one prefix, beside an application's own."""

from sqlalchemy import MetaData

#: Where Alembic notes what was applied. A name of our own, because the application may keep an
#: Alembic history in the same database.
VERSION_TABLE = "watchword_alembic_version"

metadata = MetaData()
