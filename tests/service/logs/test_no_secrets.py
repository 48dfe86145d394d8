"""Neither log format ever contains a token, a password, a code or a key."""

import base64
import io
import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.logs.formats import JsonFormat, TextFormat
from tests.service.good_requests import ENDPOINTS, GOOD_REQUESTS, send, unthrottled
from tests.service.under_test import GOOD, ServiceUnderTest, failing, service_under_test

#: Names of secret members in bodies, forms, queries and responses.
SECRET_NAMES = {
    "access_token",
    "client_secret",
    "code",
    "csrf_token",
    "current_password",
    "otpauth_uri",
    "password",
    "pending_token",
    "recovery_code",
    "recovery_codes",
    "refresh_token",
    "secret",
    "subject_token",
    "token",
}


class LogCapture:
    """All log records in both formats, and every secret that was sent or received."""

    def __init__(self) -> None:
        self.logged = io.StringIO()
        self.secrets: set[str] = set()

    def capture(self, send_request: Mapping[str, Any], answer: TestResponse) -> None:
        for sent in ("json", "data", "query_string"):
            self.note(send_request.get(sent))
        self.remember(answer.request.headers.get("Authorization", "").removeprefix("Bearer "))
        self.note(_json(answer.data))

    def note(self, body: Any) -> None:
        if not isinstance(body, dict):
            return
        for name, value in body.items():
            if name in SECRET_NAMES:
                for one in value if isinstance(value, list) else [value]:
                    self.remember(one)
            else:
                self.note(value)

    def remember(self, secret: Any) -> None:
        # A six-digit code can occur by chance inside many numbers.
        if not isinstance(secret, str) or len(secret) < 8 or secret.endswith("_token"):
            return
        self.secrets.add(secret)
        if secret.count(".") == 2:
            _, payload, signature = secret.split(".")
            self.secrets |= {payload, signature}
            claims = _json(base64.urlsafe_b64decode(payload + "=="))
            self.remember(claims and claims.get("csrf"))

    def leaked(self) -> set[str]:
        text = self.logged.getvalue()
        return {secret for secret in self.secrets if secret in text}


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None


@pytest.fixture
def log_capture(monkeypatch: pytest.MonkeyPatch) -> Iterator[LogCapture]:
    log_capture = LogCapture()
    handlers = [
        logging.StreamHandler(log_capture.logged),
        logging.StreamHandler(log_capture.logged),
    ]
    for handler, form in zip(handlers, (TextFormat(), JsonFormat()), strict=True):
        handler.setFormatter(form)
        logging.getLogger().addHandler(handler)
    service = logging.getLogger("flask_watchword")
    level = service.level
    service.setLevel(logging.INFO)
    ask = FlaskClient.open

    def send_request(self: FlaskClient, *args: Any, **kwargs: Any) -> TestResponse:
        answer = ask(self, *args, **kwargs)
        log_capture.capture(kwargs, answer)
        return answer

    monkeypatch.setattr(FlaskClient, "open", send_request)
    yield log_capture
    service.setLevel(level)
    for handler in handlers:
        logging.getLogger().removeHandler(handler)


@pytest.fixture
def service(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceUnderTest]:
    with service_under_test(sqlite_url, monkeypatch) as made:
        yield unthrottled(made)


def in_odd_places(one: Endpoint, token: str | None) -> Iterable[dict[str, Any]]:
    """Return requests with secrets in places where none is expected."""
    body = {"email": "ada@example.com", "password": GOOD, "unknown": GOOD}
    token = token or f"{'A' * 40}.{'B' * 40}.{'C' * 40}"
    yield {"json": body}
    yield {"data": json.dumps(body)[:-1], "content_type": "application/json"}
    yield {"query_string": {"token": token, "password": GOOD}}
    yield {"headers": {"Authorization": f"Basic {token}"}, "json": body}
    yield {"headers": {"X-Access-Token": token, "Cookie": f"__Host-access_token={token}"}}
    yield {"headers": {"Authorization": f"Bearer {token[:-4]}AAAA"}, "json": body}
    yield {"headers": {"User-Agent": token, "X-Request-ID": token, "Origin": token}}


@pytest.mark.parametrize("one", ENDPOINTS.values(), ids=lambda one: one.name)
def test_no_endpoint_logs_a_secret(
    service: ServiceUnderTest, log_capture: LogCapture, one: Endpoint
) -> None:
    request = GOOD_REQUESTS[one.name](service)
    assert send(service, one, request).status_code < 400
    path = one.path
    for name, value in request.path.items():
        path = path.replace(f"<{name}>", value)
    for odd in in_odd_places(one, request.token):
        service.client.open(path, method=one.method, **odd)
    # A user may have pasted a token into any path segment.
    log_capture.remember(request.token)
    somewhere = re.sub("<[^>]*>", request.token or "a" * 40, one.path)
    service.client.open(somewhere, method=one.method)
    service.client.open(f"/{request.token or 'a' * 40}/nothing", method="PURGE")
    assert log_capture.leaked() == set()
    assert f" {one.method} {one.path} 20" in log_capture.logged.getvalue()


@pytest.mark.parametrize("error", [StoreUnavailable("down"), RuntimeError("a fault of ours")])
def test_no_failure_logs_a_secret(
    service: ServiceUnderTest,
    log_capture: LogCapture,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    service.add_verified()
    monkeypatch.setattr(type(service.parts.stores.users), "by_email", failing(error))
    for path in ("/login", "/register", "/password/forgot"):
        answer = service.post(path, email="ada@example.com", password=GOOD)
        assert answer.status_code >= 400
    assert log_capture.leaked() == set()
    if isinstance(error, RuntimeError):
        assert "RuntimeError: a fault of ours" in log_capture.logged.getvalue()
        assert "error in POST /login" in log_capture.logged.getvalue()
