"""The application under trial, and what a client sees of it."""

import base64
import json
import time
from dataclasses import dataclass
from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from flask_watchword import JWTManager, Sessions, get_jwt_identity, jwt_required

# Every process of a trial has the same; it protects nothing.
_KEY = "a key that all processes of a trial share"


@dataclass(frozen=True)
class Answer:
    """An answer to one request.

    Attributes:
        status: its status.
        body: what its JSON says.
        began: when the request was sent, seconds of the monotonic clock, which all processes of
            the machine share.
        ended: when the answer was there.
    """

    status: int
    body: dict[str, Any]
    began: float
    ended: float

    @property
    def verdict(self) -> str:
        """The status with the code of a refusal."""
        return f"{self.status} {self.body.get('code', '')}".strip()

    @property
    def access(self) -> str:
        """The access token that was handed out."""
        return str(self.body["access_token"])

    @property
    def spare(self) -> str:
        """The refresh token that was handed out."""
        return str(self.body["refresh_token"])


class Site:
    """An application with sessions and a client of it; one per process.

    Args:
        store: the URL of the session store.
        grace: seconds in which a refresh token gets the same successor again.
    """

    def __init__(self, store: str, grace: float) -> None:
        self.app = _application(store, grace)

    def ask(self, path: str, token: str | None = None, **form: str) -> Answer:
        """Send a request: GET where the view reads, POST where it writes."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        method = "GET" if path in ("/me", "/devices") else "POST"
        began = time.monotonic()
        response = self.app.test_client().open(path, method=method, headers=headers, data=form)
        ended = time.monotonic()
        body = response.get_json(silent=True)
        return Answer(response.status_code, body if isinstance(body, dict) else {}, began, ended)

    def sign_in(self, name: str = "ada") -> Answer:
        """Start a session."""
        return self.ask("/login", name=name)


def ask(site: Site, path: str, token: str | None = None) -> Answer:
    """Send one request; for a process to be told to."""
    return site.ask(path, token)


def sign_in(site: Site) -> Answer:
    """Start a session; for a process to be told to."""
    return site.sign_in()


def generation_of(refresh_token: str) -> int:
    """Return which generation of its session a refresh token is."""
    payload = refresh_token.split(".")[1]
    generation: int = json.loads(base64.urlsafe_b64decode(payload + "=="))["gen"]
    return generation


def _application(store: str, grace: float) -> Flask:
    app = Flask("soak")
    app.config.update(
        JWT_SECRET_KEY=_KEY, WATCHWORD_SESSION_STORE=store, WATCHWORD_REFRESH_GRACE=grace
    )
    JWTManager(app)
    sessions = Sessions(app)

    @app.post("/login")
    def login() -> ResponseReturnValue:
        return jsonify(sessions.start(request.form.get("name", "ada")))

    @app.post("/refresh")
    @jwt_required(refresh=True)
    def refresh() -> ResponseReturnValue:
        return jsonify(sessions.refresh())

    @app.post("/logout")
    @jwt_required()
    def logout() -> ResponseReturnValue:
        return jsonify(ended=sessions.end())

    @app.get("/me")
    @jwt_required()
    def me() -> ResponseReturnValue:
        return jsonify(me=get_jwt_identity())

    @app.get("/devices")
    @jwt_required()
    def devices() -> ResponseReturnValue:
        return jsonify(devices=len(sessions.list()))

    return app
