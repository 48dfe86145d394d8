"""An ASGI server runs a Flask application in threads, through an adapter."""
# mypy: disable-error-code=no-untyped-call

import asyncio
import gc
import json
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from asgiref.wsgi import WsgiToAsgi
from flask import Flask, jsonify
from flask.typing import ResponseReturnValue

from flask_watchword import JWTManager, Sessions, jwt_required


@pytest.fixture
def app() -> Flask:
    app = Flask("site")
    app.config["JWT_SECRET_KEY"] = "thirty-two random bytes, or what passes for them"
    JWTManager(app)
    sessions = Sessions(app)

    @app.post("/login")
    def login() -> ResponseReturnValue:
        return jsonify(sessions.start("ada"))

    @app.post("/logout")
    @jwt_required()
    def logout() -> ResponseReturnValue:
        return jsonify(ended=sessions.end())

    return app


async def ask(adapted: WsgiToAsgi, path: str, token: str = "") -> tuple[int, Any]:
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {token}".encode())] if token else [],
    }
    client = ApplicationCommunicator(adapted, scope)
    await client.send_input({"type": "http.request", "body": b""})
    start = await client.receive_output(30)
    body = b""
    while True:
        part = await client.receive_output(30)
        body += part.get("body", b"")
        if not part.get("more_body"):
            break
    await client.wait(30)
    return start["status"], json.loads(body)


async def walk_through(app: Flask) -> list[int]:
    adapted = WsgiToAsgi(app)
    logins = await asyncio.gather(*(ask(adapted, "/login") for _ in range(4)))
    token = logins[0][1]["access_token"]
    ended = [await ask(adapted, "/logout", token) for _ in range(2)]
    return [status for status, _ in (*logins, *ended)]


def test_sessions_serve_requests_of_an_event_loop(app: Flask) -> None:
    assert asyncio.run(walk_through(app)) == [200, 200, 200, 200, 200, 401]
    gc.collect()
