"""The tested application, and the responses that a client gets."""

import base64
import json
import time
from dataclasses import dataclass
from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from flask_watchword import JWTManager, Sessions, get_jwt_identity, jwt_required

# The same in every process of a trial; it protects nothing.
_KEY = "a key that all processes of a trial share"


@dataclass(frozen=True)
class Answer:
    """The response to one request.

    Attributes:
        status: its status.
        body: its JSON.
        began: when the request was sent, in seconds of the monotonic clock, which all processes
            of the machine share.
        ended: when the response was received.
    """

    status: int
    body: dict[str, Any]
    began: float
    ended: float

    @property
    def verdict(self) -> str:
        """The status with the code of a rejection."""
        return f"{self.status} {self.body.get('code', '')}".strip()

    @property
    def access(self) -> str:
        """The new access token."""
        return str(self.body["access_token"])

    @property
    def spare(self) -> str:
        """The new refresh token."""
        return str(self.body["refresh_token"])


class Site:
    """An application with sessions and its test client; one per process.

    Args:
        store: the URL of the session store.
        grace: seconds in which a refresh token returns the same successor again.
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
    """Send one request; a task for a worker process."""
    return site.ask(path, token)


def sign_in(site: Site) -> Answer:
    """Start a session; a task for a worker process."""
    return site.sign_in()


def generation_of(refresh_token: str) -> int:
    """Return the generation of a refresh token in its session."""
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
