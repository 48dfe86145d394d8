"""The tables, all under one prefix so that they can live beside an application's own."""

from sqlalchemy import Column, Float, MetaData, String, Table

metadata = MetaData()

users = Table(
    "watchword_users",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("email", String(320), nullable=False),
    Column("email_key", String(1024), nullable=False, unique=True),
    Column("password_hash", String(512), nullable=False),
    Column("created_at", Float(53), nullable=False),
)
