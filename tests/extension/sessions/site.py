"""An application that uses every part of `Sessions`, and a client that keeps its tokens."""
# jwt_required() is typed Any, as Flask-JWT-Extended's is.
# mypy: disable-error-code=untyped-decorator

from dataclasses import asdict
from typing import Any

from flask import Flask, jsonify, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_watchword import (
    JWTManager,
    Sessions,
    get_jwt,
    jwt_expired_token_required,
    jwt_required,
)
from flask_watchword.extension.sessions.revocation_feed import RevocationFeed
from flask_watchword.extension.state import state_of
from flask_watchword.sessions.store import SessionStore

START = 1_700_000_000.25
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
SECRET = "thirty-two random bytes, or what passes for them"


class StoppedClock:
    """A clock that moves only when the test changes it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Site:
    """The application, with the clock and the parts that tests inspect."""

    def __init__(self, **options: Any) -> None:
        self.app = Flask("site")
        self.app.config.update(JWT_SECRET_KEY=SECRET, JWT_TOKEN_LOCATION=["headers", "cookies"])
        self.app.config.update(options)
        self.clock = StoppedClock()
        self.manager = JWTManager(self.app)
        self.manager.clock = self.clock
        self.sessions = Sessions(self.app)
        _add_views(self.app, self.sessions)

    @property
    def feed(self) -> RevocationFeed:
        feed = state_of(self.app).revocations
        assert feed is not None
        return feed

    @property
    def store(self) -> SessionStore:
        store: SessionStore = self.app.extensions["flask-watchword-sessions"]
        return store

    def close(self) -> None:
        self.feed.close()
        self.store.close()

    def sign_in(self, subject: str = "ada", **arguments: Any) -> "SignedIn":
        with self.app.test_request_context():
            pair = self.sessions.start(subject, **arguments)
        return SignedIn(self.app.test_client(), asdict(pair))

    def claims(self, token: str) -> dict[str, Any]:
        with self.app.app_context():
            return self.manager._decode_jwt_from_config(token, allow_expired=True)


class SignedIn:
    """One device of a subject."""

    def __init__(self, client: FlaskClient, pair: dict[str, Any]) -> None:
        self.client = client
        self.pair = pair

    @property
    def access(self) -> str:
        return str(self.pair["access_token"])

    @property
    def spare(self) -> str:
        return str(self.pair["refresh_token"])

    @property
    def session_id(self) -> str:
        return str(self.pair["session_id"])

    def get(self, path: str = "/me", token: str | None = None) -> TestResponse:
        return self.client.get(path, headers=bearing(token or self.access))

    def post(self, path: str, token: str | None = None, **arguments: Any) -> TestResponse:
        return self.client.post(path, headers=bearing(token or self.access), **arguments)

    def refresh(self, token: str | None = None) -> TestResponse:
        """Refresh with a token, by default the newest; the new tokens replace the old."""
        answer = self.post("/refresh", token or self.spare)
        if answer.status_code == 200:
            self.pair = answer.get_json()
        return answer


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def refusal(answer: TestResponse) -> tuple[int, str | None]:
    """Return the status and the error code of a response."""
    return answer.status_code, (answer.get_json() or {}).get("code")


def _add_views(app: Flask, sessions: Sessions) -> None:
    _add_protected_views(app)
    _add_refreshing_views(app, sessions)
    _add_ending_views(app, sessions)


def _add_protected_views(app: Flask) -> None:
    @app.get("/me")
    @jwt_required()
    def me() -> Any:
        return jsonify(get_jwt())

    @app.get("/optional")
    @jwt_required(optional=True)
    def optional() -> Any:
        return jsonify(get_jwt())

    @app.get("/fresh")
    @jwt_required(fresh=True)
    def fresh() -> Any:
        return jsonify(get_jwt())

    @app.get("/unchecked")
    @jwt_required(skip_revocation_check=True)
    def unchecked() -> Any:
        return jsonify(get_jwt())

    @app.get("/expired")
    @jwt_expired_token_required()
    def expired() -> Any:
        return jsonify(get_jwt())


def _add_refreshing_views(app: Flask, sessions: Sessions) -> None:
    @app.post("/login")
    def login() -> Any:
        return jsonify(sessions.start("ada", fresh=True))

    @app.post("/refresh")
    @jwt_required(refresh=True)
    def refresh() -> Any:
        return jsonify(sessions.refresh())

    @app.post("/refresh-unchecked")
    @jwt_required(refresh=True, skip_revocation_check=True)
    def refresh_unchecked() -> Any:
        return jsonify(sessions.refresh())

    @app.post("/refresh-with-any")
    @jwt_required(verify_type=False)
    def refresh_with_any() -> Any:
        return jsonify(sessions.refresh())

    @app.post("/refresh-claiming-more")
    @jwt_required(refresh=True)
    def refresh_claiming_more() -> Any:
        more = {"fresh": True, "auth_time": 0, "sid": "other", "exp": 9e9, "role": "admin"}
        return jsonify(sessions.refresh(additional_claims=more))


def _add_ending_views(app: Flask, sessions: Sessions) -> None:
    @app.post("/end")
    @jwt_required(verify_type=False)
    def end() -> Any:
        wanted = request.args.get("session")
        return jsonify(sessions.end(wanted, subject=get_jwt()["sub"]))

    @app.post("/end-all")
    @jwt_required()
    def end_all() -> Any:
        return jsonify(sessions.end_all(keep_current="keep" in request.args))

    @app.get("/sessions")
    @jwt_required()
    def list_sessions() -> Any:
        return jsonify([session.id for session in sessions.list()])

    @app.post("/revoke")
    @jwt_required()
    def revoke() -> Any:
        sessions.revoke_token(request.args.get("jti"))
        return "", 204
