"""A page of another origin cannot act with the cookies that a browser sends automatically."""

from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores
from flask_watchword.service.cookies import ACCESS_COOKIE, CSRF_COOKIE, REFRESH_COOKIE
from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.features.table import FEATURES, endpoints_of
from tests.service.conftest import PASSWORD, bearer, new_session

LOGIN = {"email": "ada@example.com", "password": PASSWORD, "transport": "cookie"}
HOST = "login.example"
EVIL = "https://evil.example"

#: Headers in which a browser describes the page, and whether the request is accepted.
FROM: Mapping[str, tuple[dict[str, str], bool]] = {
    "one's own page": ({"Sec-Fetch-Site": "same-origin", "Origin": f"https://{HOST}"}, True),
    "one's own page, by what the browser says alone": ({"Sec-Fetch-Site": "same-origin"}, True),
    "one's own page that hides its origin": (
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        True,
    ),
    "no page": ({"Sec-Fetch-Site": "none"}, True),
    "no browser": ({}, True),
    "an old browser's own page": ({"Origin": f"https://{HOST}"}, True),
    "an old browser's own page without TLS": ({"Origin": f"http://{HOST}"}, True),
    "another host of the site": (
        {"Sec-Fetch-Site": "same-site", "Origin": f"https://www.{HOST}"},
        False,
    ),
    "another port": ({"Sec-Fetch-Site": "same-site", "Origin": f"https://{HOST}:8443"}, False),
    "another site": ({"Sec-Fetch-Site": "cross-site", "Origin": EVIL}, False),
    "another site, of which the browser says no more": ({"Sec-Fetch-Site": "cross-site"}, False),
    "another site that passes for this one": (
        {"Sec-Fetch-Site": "cross-site", "Origin": f"https://{HOST}"},
        False,
    ),
    "a word that is not known": ({"Sec-Fetch-Site": "same-planet"}, False),
    "an empty word": ({"Sec-Fetch-Site": ""}, False),
    "an old browser's other site": ({"Origin": EVIL}, False),
    "an old browser's other port": ({"Origin": f"https://{HOST}:8443"}, False),
    "a name that begins alike": ({"Origin": f"https://{HOST}.evil.example"}, False),
    "a name that ends alike": ({"Origin": f"https://evil-{HOST}"}, False),
    "a sandboxed frame": ({"Origin": "null"}, False),
    "two origins": ({"Origin": f"https://{HOST}, {EVIL}"}, False),
    "an origin that is empty": ({"Origin": ""}, False),
}
BY_NAME = pytest.mark.parametrize("name", FROM)


@pytest.fixture
def client(shared_app: Flask) -> FlaskClient:
    """A separate browser, whose cookies no other test uses."""
    return shared_app.test_client()


def csrf_of(client: FlaskClient) -> str:
    """Give a browser the cookies of a new session without hashing; return the CSRF value."""
    pair, sign_in = new_session(client.application)
    client.set_cookie(ACCESS_COOKIE, pair.access_token, domain=HOST)
    client.set_cookie(REFRESH_COOKIE, pair.refresh_token, domain=HOST)
    return sign_in.csrf


def ask(client: FlaskClient, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
    answer = client.open(path, method=method, headers=headers, base_url=f"http://{HOST}")
    code = "" if answer.status_code < 300 else answer.get_json()["code"]
    return answer.status_code, code


@BY_NAME
def test_request_with_cookies_must_come_from_an_allowed_page(
    client: FlaskClient, name: str
) -> None:
    headers, may = FROM[name]
    shown = {"X-CSRF-TOKEN": csrf_of(client), **headers}
    expected = (200, "") if may else (403, "cross_origin")
    assert ask(client, "POST", "/refresh", shown) == expected


@BY_NAME
def test_login_that_sets_cookies_must_come_from_an_allowed_page(
    client: FlaskClient, name: str
) -> None:
    headers, may = FROM[name]
    answer = client.post("/login", json=LOGIN, headers=headers, base_url=f"http://{HOST}")
    assert answer.status_code == (200 if may else 403)
    assert ("Set-Cookie" in answer.headers) is may


@BY_NAME
def test_second_login_step_that_sets_cookies_must_come_from_an_allowed_page(
    client: FlaskClient, name: str
) -> None:
    headers, may = FROM[name]
    body = {"pending_token": "x", "code": "123456", "transport": "cookie"}
    answer = client.post("/login/totp", json=body, headers=headers, base_url=f"http://{HOST}")
    code = "invalid_pending_token" if may else "cross_origin"
    assert answer.get_json()["code"] == code


def test_login_from_another_origin_is_rejected_before_the_password_is_checked(
    client: FlaskClient, stores: Stores
) -> None:
    body = LOGIN | {"password": "wrong"}
    for _ in range(100):
        answer = client.post("/login", json=body, headers={"Origin": EVIL})
        assert (answer.status_code, answer.get_json()["code"]) == (403, "cross_origin")


@BY_NAME
def test_reading_with_cookies_is_allowed_from_any_page(client: FlaskClient, name: str) -> None:
    """A page of another origin cannot read the response, and links to the service must work."""
    csrf_of(client)
    assert ask(client, "GET", "/me", FROM[name][0]) == (200, "")


@BY_NAME
def test_token_in_a_header_is_accepted_from_any_page(client: FlaskClient, name: str) -> None:
    """No browser sends the header automatically."""
    pair, _ = new_session(client.application)
    headers = {**FROM[name][0], **bearer(pair.access_token)}
    assert ask(client, "POST", "/logout", headers) == (204, "")


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"X-CSRF-TOKEN": ""},
        {"X-CSRF-TOKEN": "wrong"},
        {"X-CSRF-TOKEN": "\xff"},
        {"X-CSRF": "x"},
    ],
)
def test_change_with_cookies_requires_the_csrf_value(
    client: FlaskClient, shown: dict[str, str]
) -> None:
    csrf_of(client)
    headers = {"Sec-Fetch-Site": "same-origin", **shown}
    for path in ("/refresh", "/logout", "/password/change"):
        assert ask(client, "POST", path, headers) == (403, "csrf_failed")


def test_csrf_value_of_another_session_is_rejected(client: FlaskClient) -> None:
    earlier = csrf_of(client)
    csrf_of(client)
    assert ask(client, "POST", "/logout", {"X-CSRF-TOKEN": earlier}) == (403, "csrf_failed")


def test_csrf_value_only_in_its_cookie_is_rejected(client: FlaskClient) -> None:
    """A browser sends the cookie automatically too, and an attacker who sets it chose its value."""
    csrf_of(client)
    client.set_cookie(CSRF_COOKIE, "chosen", domain=HOST)
    assert ask(client, "POST", "/logout", {"X-CSRF-TOKEN": "chosen"}) == (403, "csrf_failed")


def changing() -> list[Endpoint]:
    return [one for one in endpoints_of(FEATURES) if one.method != "GET" and one.access.tokens]


@pytest.mark.parametrize("one", changing(), ids=lambda one: one.name)
def test_every_change_with_cookies_requires_origin_and_csrf_value(
    client: FlaskClient, one: Endpoint
) -> None:
    csrf = csrf_of(client)
    path = one.path.replace("<session_id>", "x")
    assert ask(client, one.method, path, {}) == (403, "csrf_failed")
    foreign = {"X-CSRF-TOKEN": csrf, "Origin": EVIL}
    assert ask(client, one.method, path, foreign) == (403, "cross_origin")


def served(stores: Stores, **settings: Any) -> Flask:
    return create_app(Settings(master_key="A" * 43, workers=1, **settings), stores=stores)


@pytest.mark.parametrize(
    ("public_url", "origin", "may"),
    [
        ("https://login.example/account", "https://login.example", True),
        ("https://LOGIN.example:443", "https://login.example", True),
        ("https://login.example", "http://login.example", False),
        ("https://login.example:8443", "https://login.example:8443", True),
        ("https://login.example:8443", "https://login.example", False),
        ("https://www.example", "https://www.example", True),
        ("https://www.example", "https://login.example", False),
        ("http://[::1]:5000/x", "http://[::1]:5000", True),
    ],
)
def test_public_url_defines_the_own_origin(
    stores: Stores, public_url: str, origin: str, may: bool
) -> None:
    client = served(stores, public_url=public_url).test_client()
    answer = client.post(
        "/login", json=LOGIN, headers={"Origin": origin}, base_url=f"http://{HOST}"
    )
    assert answer.status_code == (200 if may else 403)


def test_forwarded_host_is_not_trusted(stores: Stores) -> None:
    client = served(stores, trusted_proxies=1).test_client()
    headers = {"Origin": EVIL, "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    answer = client.post("/login", json=LOGIN, headers=headers, base_url=f"http://{HOST}")
    assert answer.status_code == 403


@pytest.mark.parametrize("site", ["same-site", "cross-site", None])
def test_allowed_origin_may_make_changes(stores: Stores, site: str | None) -> None:
    app = served(stores, cors_origins=("https://app.example",))
    client = app.test_client()
    headers = {"Origin": "https://app.example"} | ({} if site is None else {"Sec-Fetch-Site": site})
    headers["X-CSRF-TOKEN"] = csrf_of(client)
    assert ask(client, "POST", "/refresh", headers) == (200, "")
    headers["Origin"] = "https://app.example.evil.example"
    assert ask(client, "POST", "/refresh", headers) == (403, "cross_origin")
