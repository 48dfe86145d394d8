"""Rows of every kind that is deleted after expiry."""

from sqlalchemy import Engine, Table, func, select

from flask_watchword.accounts.api_tokens import ApiTokenKind, new_api_token
from flask_watchword.accounts.cleanup import API_TOKEN_RETENTION
from flask_watchword.accounts.one_time_codes import new_code
from flask_watchword.accounts.outbox import Body, new_mail
from flask_watchword.accounts.rate_limits import Limit, hit
from flask_watchword.accounts.users import new_user
from flask_watchword.infra.sql import tables
from flask_watchword.infra.sql.api_tokens import SqlApiTokenStore
from flask_watchword.infra.sql.codes import SqlCodeStore
from flask_watchword.infra.sql.engine import reading
from flask_watchword.infra.sql.outbox import SqlOutbox
from flask_watchword.infra.sql.rate_limits import SqlRateLimitStore
from flask_watchword.keys.encryption import Encryptor
from flask_watchword.service.features.email_verification.flow import VERIFY_EMAIL

KINDS = (tables.codes, tables.throttle, tables.api_tokens, tables.outbox)


def keep_one_of_each_kind(engine: Engine, name: str, *, over: bool, now: float) -> None:
    """Store one row of each kind; of tokens two, one revoked and one expired."""
    made = now - API_TOKEN_RETENTION - 60.0 if over else now
    user = new_user(f"{name}@example.com", "hash", now)
    _, code = new_code(user, VERIFY_EMAIL, user.email, made)
    SqlCodeStore(engine).put(code)
    limit = hit(name, Limit(1, 1.0), "x")
    SqlRateLimitStore(engine).consume([limit], int((made if over else now) * 1_000_000))
    outbox = SqlOutbox(engine, Encryptor([b"k" * 32]))
    mail = new_mail("verify_email", user.email, Body("a", "b", "c"), made)
    outbox.put(mail)
    outbox.sent(mail.id, made)
    tokens = SqlApiTokenStore(engine)
    for lifetime in (None, 1.0):
        record, _ = new_api_token(ApiTokenKind.PERSONAL, name, "x", [], [], made, lifetime)
        tokens.add(record)
        tokens.revoke(record.id, name, made)


def left(engine: Engine) -> list[int]:
    def count(table: Table) -> int:
        with reading(engine) as connection:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()

    return [count(table) for table in KINDS]
