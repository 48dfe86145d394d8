"""The lowest cost of a refresh: the same statement on the raw driver, and hand-signed tokens."""

import base64
import hashlib
import hmac
import os
import sqlite3
import time
from collections.abc import Callable
from typing import Any

import msgspec
import psycopg
from flask import Flask, abort, request
from flask.globals import _cv_app
from sqlalchemy import Executable, make_url
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from bench.client import PATH
from bench.floor import FloorCheck
from bench.keys import SECRET, keys_for
from bench.tokens import IDENTITY
from flask_watchword.infra.sql import statements
from flask_watchword.infra.sql.factory import open_sql_sessions
from flask_watchword.sessions.session import Lifetimes, new_session

_LIVES = Lifetimes()

Rotate = Callable[[dict[str, Any]], Any]
"""Given the values of the statement, the row; none where nothing was swapped."""


def application(database: str) -> Flask:
    """Return the application over a database, whose schema it creates."""
    app = Flask("bench")
    rotate: Rotate | None = None

    def login() -> dict[str, Any]:
        now = time.time()
        session = new_session(IDENTITY, now, _LIVES)
        store = open_sql_sessions(database)
        store.start(session, None, _LIVES)
        store.close()
        return _pair(session.id, IDENTITY, 1, now, now, session.idle_until)

    @FloorCheck(keys_for("HS256"), "refresh").protect
    def refresh() -> dict[str, Any]:
        nonlocal rotate
        if rotate is None:  # here, since the worker was forked
            rotate = _connected(database)
        claims, now = _cv_app.get().g.bench_claims, time.time()
        row = rotate(
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
        return _pair(row[0], row[1], row[2], row[3], now, row[5])

    app.add_url_rule("/login", view_func=login, methods=["POST"])
    app.add_url_rule("/refresh", view_func=refresh, methods=["POST"])
    app.add_url_rule(PATH, view_func=lambda: {"logged_in_as": IDENTITY})
    return app


def _connected(database: str) -> Rotate:
    url = make_url(database)
    if url.get_backend_name() == "sqlite":
        file = sqlite3.connect(str(url.database), isolation_level=None)
        file.execute("PRAGMA synchronous=NORMAL")
        return _rotating(file, statements.ROTATE, SQLiteDialect_pysqlite(paramstyle="named"))
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    server = psycopg.connect(plain, autocommit=True)
    return _rotating(server, statements.ROTATE, PGDialect_psycopg())  # type: ignore[no-untyped-call]


def _rotating(connection: Any, statement: Executable, dialect: Any) -> Rotate:
    compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
    text = str(compiled)
    constants = {name: value for name, value in compiled.params.items() if value is not None}

    def rotate(values: dict[str, Any]) -> Any:
        rows = connection.execute(text, {**constants, **values}).fetchall()
        return rows[0] if rows else None

    return rotate


def _pair(
    session_id: str, subject: str, generation: int, started_at: float, now: float, until: float
) -> dict[str, Any]:
    access, refresh = claims_of_pair(session_id, subject, generation, started_at, now, until)
    return {
        "access_token": _signed(access),
        "refresh_token": _signed(refresh),
        "expires_in": 900,
        "session_id": session_id,
    }


def claims_of_pair(
    session_id: str, subject: str, generation: int, started_at: float, now: float, until: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the claims that an extension puts into its access and refresh tokens."""
    seconds = int(now)
    own = {"iat": seconds, "nbf": seconds, "sub": subject, "sid": session_id, "fresh": False}
    access = {**own, "type": "access", "auth_time": int(started_at), "exp": seconds + 900}
    refresh = {**own, "type": "refresh", "gen": generation, "exp": int(until)}
    for claims in (access, refresh):
        claims["jti"], claims["csrf"] = os.urandom(16).hex(), os.urandom(16).hex()
    return access, refresh


def _signed(claims: dict[str, Any]) -> str:
    signing_input = _HEADER + b"." + _base64url(msgspec.json.encode(claims))
    signature = hmac.digest(SECRET.encode(), signing_input, hashlib.sha256)
    return (signing_input + b"." + _base64url(signature)).decode()


def _base64url(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


_HEADER = _base64url(msgspec.json.encode({"alg": "HS256", "typ": "JWT"}))
