"""Applications with sessions, one per contestant, all with the same four routes.

`POST /login` starts a session, `POST /refresh` exchanges a refresh token for new tokens, `GET
/protected-route` requires an access token, `POST /logout` ends the session.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask, jsonify

from bench import service_floor, session_floor, token_table
from bench.apps import view
from bench.client import PATH
from bench.contest import BARE, FLOOR
from bench.extension import FJE, WATCHWORD
from bench.keys import SECRET
from bench.tokens import IDENTITY

#: The service by hand, beside the extension by hand.
SERVICE_FLOOR = "the service by hand"


def create(name: str, database: str) -> Flask:
    """Return the application of a contestant over its own database."""
    return _APPLICATIONS[name](database)


def _bare(_database: str) -> Flask:
    app = Flask("bench")
    app.add_url_rule(PATH, view_func=view)
    return app


def _watchword(database: str) -> Flask:
    from flask_watchword import JWTManager, Sessions, jwt_required

    app = Flask("bench")
    app.config.update(JWT_SECRET_KEY=SECRET, WATCHWORD_SESSION_STORE=database)
    JWTManager(app)
    sessions = Sessions(app)

    def login() -> Any:
        return jsonify(sessions.start(IDENTITY))

    @jwt_required(refresh=True)
    def refresh() -> Any:
        return jsonify(sessions.refresh())

    @jwt_required()
    def logout() -> Any:
        return jsonify(ended=sessions.end())

    app.add_url_rule("/login", view_func=login, methods=["POST"])
    app.add_url_rule("/refresh", view_func=refresh, methods=["POST"])
    app.add_url_rule("/logout", view_func=logout, methods=["POST"])
    app.add_url_rule(PATH, view_func=jwt_required()(view))
    return app


_APPLICATIONS: dict[str, Callable[[str], Flask]] = {
    BARE: _bare,
    FLOOR: session_floor.application,
    SERVICE_FLOOR: service_floor.application,
    FJE: token_table.application,
    WATCHWORD: _watchword,
}
