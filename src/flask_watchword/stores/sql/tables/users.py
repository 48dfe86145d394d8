"""The tables of users."""

from sqlalchemy import Column, Float, Table

from flask_watchword.stores.sql.tables.base import metadata
from flask_watchword.stores.sql.text import AnyText

users = Table(
    "watchword_users",
    metadata,
    Column("id", AnyText(64), primary_key=True),
    Column("email", AnyText(320), nullable=False),
    Column("email_key", AnyText(1024), nullable=False, unique=True),
    Column("password_hash", AnyText(512), nullable=False),
    Column("created_at", Float(53), nullable=False),
)
