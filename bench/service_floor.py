"""The lowest cost of a request to the service: bare Flask views with the same work.

They verify and sign with the same library, and run the same statements on the raw driver. They have
no options, error messages, log, metrics or audit entries.
"""

import base64
import sqlite3
import time
from collections.abc import Callable
from typing import Any

import msgspec
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask, abort, request
from flask.globals import _cv_app
from sqlalchemy import Executable, Select, bindparam, insert, make_url, select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from bench.floor import FloorCheck
from bench.keys import Keys
from bench.session_floor import claims_of_pair
from flask_watchword.infra.sql import statements
from flask_watchword.infra.sql.engine import open_engine, writing
from flask_watchword.infra.sql.factory import open_sql_sessions
from flask_watchword.infra.sql.tables import users
from flask_watchword.infra.sql.tables.users import USER_COLUMNS
from flask_watchword.sessions.session import Lifetimes, new_session

_LIVES = Lifetimes()
#: The workers are separate processes with one key.
_SEED = b"a seed for benchmarks".ljust(32)
_USER_ID = "ada"
_KEYS = Keys("EdDSA", Ed25519PrivateKey.from_private_bytes(_SEED), {})

_USER: Select[Any] = select(*USER_COLUMNS).where(users.c.id == bindparam("user_id"))

Run = Callable[[dict[str, Any]], Any]
"""Given the values of a statement, its first row; ``None`` without one."""


def application(database: str) -> Flask:
    """Return the application over a database, whose schema and user it creates."""
    app = Flask("bench")
    _add_user(database)
    rotate, find = _Statement(database, statements.ROTATE_WITH_USER), _Statement(database, _USER)
    sign = _signer()

    def login() -> dict[str, Any]:
        now = time.time()
        session = new_session(_USER_ID, now, _LIVES)
        store = open_sql_sessions(database)
        store.start(session, None, _LIVES)
        store.close()
        return _response(sign, session.id, _USER_ID, 1, now, now, session.idle_until)

    @FloorCheck(_KEYS, "refresh").protect
    def refresh() -> dict[str, Any]:
        claims, now = _cv_app.get().g.bench_claims, time.time()
        row = rotate.run(
            {
                "session_id": claims["sid"],
                "presented": claims["gen"],
                "now": now,
                "idle": now + _LIVES.idle,
                "shown_before": now - _LIVES.concealed,
                "new_address": request.remote_addr or "",
                "new_agent": request.user_agent.string,
            }
        )
        if row is None:
            abort(401)
        return _response(sign, row[0], row[1], row[2], row[3], now, row[5])

    @FloorCheck(_KEYS).protect
    def me() -> dict[str, Any]:
        row = find.run({"user_id": _cv_app.get().g.bench_claims["sub"]})
        if row is None:
            abort(401)
        names = [column.name for column in USER_COLUMNS]
        user = dict(zip(names, row, strict=True))
        return {name: user[name] for name in ("id", "email", "created_at", "roles", "scopes")}

    app.add_url_rule("/healthz", view_func=lambda: {"status": "ok"})
    app.add_url_rule("/login", view_func=login, methods=["POST"])
    app.add_url_rule("/refresh", view_func=refresh, methods=["POST"])
    app.add_url_rule("/me", view_func=me)
    return app


def _add_user(database: str) -> None:
    open_sql_sessions(database).close()
    engine = open_engine(database)
    email, values = "ada@example.com", {"password_hash": "", "created_at": 0.0}
    with writing(engine) as connection:
        if connection.execute(_USER, {"user_id": _USER_ID}).first() is None:
            new = insert(users).values(id=_USER_ID, email=email, email_key=email, **values)
            connection.execute(new)
    engine.dispose()


class _Statement:
    """A statement on a connection of the raw driver, opened in the worker that uses it."""

    def __init__(self, database: str, statement: Executable) -> None:
        self._url = make_url(database)
        self._statement: Any = statement
        self._execute: Callable[..., Any] | None = None
        self._text, self._constants = "", dict[str, Any]()

    def run(self, values: dict[str, Any]) -> Any:
        """Return the first row."""
        if self._execute is None:
            self._connect()
        rows = self._execute(self._text, {**self._constants, **values}).fetchall()  # type: ignore[misc]
        return rows[0] if rows else None

    def _connect(self) -> None:
        dialect: Any
        if self._url.get_backend_name() == "sqlite":
            file = sqlite3.connect(str(self._url.database), isolation_level=None)
            file.execute("PRAGMA synchronous=NORMAL")
            self._execute, dialect = file.execute, SQLiteDialect_pysqlite(paramstyle="named")
        else:
            plain = self._url.set(drivername="postgresql")
            server = psycopg.connect(
                plain.render_as_string(hide_password=False), autocommit=True, prepare_threshold=0
            )
            self._execute, dialect = server.execute, PGDialect_psycopg()  # type: ignore[no-untyped-call]
        compiled = self._statement.compile(dialect=dialect)
        self._text = str(compiled)
        self._constants = {
            name: value for name, value in compiled.params.items() if value is not None
        }


def _signer() -> Callable[[bytes], bytes]:
    # Imported here: PyNaCl is hidden from the process that lists the rows.
    from nacl.signing import SigningKey

    key = SigningKey(_SEED)
    return lambda signing_input: key.sign(signing_input).signature


def _response(
    sign: Callable[[bytes], bytes],
    session_id: str,
    subject: str,
    generation: int,
    started_at: float,
    now: float,
    until: float,
) -> dict[str, Any]:
    access, refresh = claims_of_pair(session_id, subject, generation, started_at, now, until)
    return {
        "access_token": _signed(access, sign),
        "refresh_token": _signed(refresh, sign),
        "token_type": "Bearer",
        "expires_in": 900,
    }


def _signed(claims: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    signing_input = _HEADER + b"." + _base64url(msgspec.json.encode(claims))
    return (signing_input + b"." + _base64url(sign(signing_input))).decode()


def _base64url(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


_HEADER = _base64url(msgspec.json.encode({"alg": "EdDSA", "typ": "JWT"}))
