"""Rows of every kind that is deleted once it is over."""

from sqlalchemy import Engine, Table, func, select

from flask_watchword.accounts.codes import CodeLifetimes, Purpose, new_code
from flask_watchword.accounts.machine_tokens import MachineTokenKind, new_machine_token
from flask_watchword.accounts.outbox import Body, new_mail
from flask_watchword.accounts.throttling import Limit, charge
from flask_watchword.accounts.upkeep import MACHINE_TOKENS_KEPT
from flask_watchword.accounts.users import new_user
from flask_watchword.keys.sealing import Sealer
from flask_watchword.stores.sql import tables
from flask_watchword.stores.sql.codes import SqlCodeStore
from flask_watchword.stores.sql.engine import reading
from flask_watchword.stores.sql.machine_tokens import SqlMachineTokenStore
from flask_watchword.stores.sql.outbox import SqlOutbox
from flask_watchword.stores.sql.throttle import SqlThrottleStore

KINDS = (tables.codes, tables.throttle, tables.machine_tokens, tables.outbox)


def keep_one_of_each_kind(engine: Engine, name: str, *, over: bool, now: float) -> None:
    """Keep one of each kind; of tokens two, one revoked and one expired."""
    made = now - MACHINE_TOKENS_KEPT - 60.0 if over else now
    user = new_user(f"{name}@example.com", "hash", now)
    _, code = new_code(user, Purpose.VERIFY_EMAIL, user.email, made, CodeLifetimes())
    SqlCodeStore(engine).put(code)
    limit = charge(name, Limit(1, 1.0), "x")
    SqlThrottleStore(engine).take([limit], int((made if over else now) * 1_000_000))
    outbox = SqlOutbox(engine, Sealer([b"k" * 32]))
    mail = new_mail("verify_email", user.email, Body("a", "b", "c"), made)
    outbox.put(mail)
    outbox.sent(mail.id, made)
    tokens = SqlMachineTokenStore(engine)
    for lifetime in (None, 1.0):
        record, _ = new_machine_token(MachineTokenKind.PERSONAL, name, "x", [], [], made, lifetime)
        tokens.add(record)
        tokens.revoke(record.id, name, made)


def left(engine: Engine) -> list[int]:
    def count(table: Table) -> int:
        with reading(engine) as connection:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()

    return [count(table) for table in KINDS]
