"""One application built with either library, and the requests that are sent to both."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from flask import Flask, jsonify, request

from tests.extension.signing_keys import HMAC_SECRET

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
ALL_LOCATIONS = ("headers", "cookies", "query_string", "json")

#: The requirement of each route: the path, and the arguments of its ``jwt_required``.
MODES: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "optional": {"optional": True},
    "fresh": {"fresh": True},
    "refresh": {"refresh": True},
    "any-type": {"verify_type": False},
    "unrevoked": {"skip_revocation_check": True},
    "optional-fresh": {"optional": True, "fresh": True},
    "optional-refresh": {"optional": True, "refresh": True},
    "fresh-refresh": {"fresh": True, "refresh": True},
    "refresh-any-type": {"refresh": True, "verify_type": False},
    "optional-unrevoked": {"optional": True, "skip_revocation_check": True},
    "at-headers": {"locations": "headers"},
    "at-cookies": {"locations": ["cookies"]},
    "at-query": {"locations": ("query_string",)},
    "at-json": {"locations": "json"},
    "at-json-or-headers": {"locations": ["json", "headers"]},
    "at-query-cookies-headers": {"locations": ("query_string", "cookies", "headers")},
    "optional-at-headers": {"optional": True, "locations": ["headers"]},
    "at-nowhere": {"locations": []},
}


@dataclass(frozen=True)
class Variant:
    """One configuration of the extension."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    algorithm: str = "HS256"
    loaders: Callable[[Any], None] | None = None

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Request:
    """A client's request."""

    path: str = "/plain"
    method: str = "GET"
    headers: Sequence[tuple[str, str]] = ()
    query: str = ""
    body: bytes = b""
    content_type: str | None = None

    def to(self, mode: str) -> "Request":
        """Return the same request for another route."""
        return Request(
            f"/{mode}", self.method, self.headers, self.query, self.body, self.content_type
        )


@dataclass(frozen=True)
class Answer:
    """The parts of a response that a client can distinguish."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]
    challenge: str | None

    @property
    def crashed(self) -> bool:
        return self.status >= 500


def build_app(library: ModuleType, variant: Variant) -> Flask:
    """Build the application with one of the two libraries."""
    app = Flask("scenario")
    app.testing = False
    app.logger.disabled = True
    app.config.update(
        PROPAGATE_EXCEPTIONS=False,
        JWT_SECRET_KEY=HMAC_SECRET,
        JWT_TOKEN_LOCATION=ALL_LOCATIONS,
    )
    app.config.update(variant.options)
    manager = library.JWTManager(app)
    if variant.loaders is not None:
        variant.loaders(manager)
    for mode, demands in MODES.items():
        view = library.jwt_required(**demands)(_reporting_view(library))
        app.add_url_rule(f"/{mode}", mode, view, methods=METHODS, provide_automatic_options=False)
    return app


def _reporting_view(library: ModuleType) -> Callable[[], Any]:
    def report() -> Any:
        if request.method == "OPTIONS":
            return "preflight"
        return jsonify(
            claims=library.get_jwt(),
            header=library.get_jwt_header(),
            identity=library.get_jwt_identity(),
            location=library.get_jwt_request_location(),
        )

    return report


def send(app: Flask, wanted: Request) -> Answer:
    """Send a request to an application."""
    response = app.test_client(use_cookies=False).open(
        wanted.path,
        method=wanted.method,
        query_string=wanted.query,
        headers=list(wanted.headers),
        data=wanted.body,
        content_type=wanted.content_type,
    )
    challenge = response.headers.get("WWW-Authenticate")
    rest = sorted(pair for pair in response.headers if pair[0] != "WWW-Authenticate")
    return Answer(response.status_code, response.data, tuple(rest), challenge)
