"""Tokens in browser cookies: how they are set, refreshed and cleared."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import Cookie, TestResponse

from flask_watchword import Watchword, create_refresh_token, get_jwt_identity, jwt_required
from flask_watchword.accounts.users import MAX_NAME_CHARACTERS, MAX_NAMES, User, check_names
from flask_watchword.extension.state import state_of
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores
from tests.service.conftest import PASSWORD, bearer
from tests.service.under_test import EMAIL, GOOD, ServiceUnderTest

ACCESS, REFRESH, CSRF = "__Host-access_token", "__Host-refresh_token", "__Host-csrf_token"
SECONDS = 7 * 24 * 60 * 60


def log_in(client: FlaskClient, email: str = "ada@example.com", password: str = PASSWORD) -> str:
    """Log in with cookies and return the CSRF value."""
    body = {"email": email, "password": password, "transport": "cookie"}
    answer = client.post("/login", json=body)
    assert answer.status_code == 200, answer.get_json()
    csrf: str = answer.get_json()["csrf_token"]
    return csrf


def kept(client: FlaskClient, name: str) -> Cookie:
    cookie = client.get_cookie(name)
    assert cookie is not None
    return cookie


def claims(client: FlaskClient, name: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(
        kept(client, name).value, options={"verify_signature": False}
    )
    return found


def cookies_set(answer: TestResponse) -> dict[str, tuple[str, set[str]]]:
    """Return the value and the attributes of each cookie that is set, by name."""
    found = {}
    for line in answer.headers.getlist("Set-Cookie"):
        pair, *attributes = line.split("; ")
        name, _, value = pair.partition("=")
        assert name not in found, "one name, one cookie (RFC 6265 section 4.1.1)"
        found[name] = (value, set(attributes))
    return found


def is_cleared(answer: TestResponse) -> bool:
    """Return whether the response tells the browser to delete every cookie of the session."""
    found = cookies_set(answer)
    gone = {
        name
        for name, (value, attributes) in found.items()
        if not value and any(a.startswith("Expires=Thu, 01 Jan 1970") for a in attributes)
    }
    # Without these a browser would ignore a cookie with such a prefix.
    assert all({"Secure", "Path=/"} <= attributes for _, attributes in found.values())
    return gone == {ACCESS, REFRESH, CSRF}


def test_cookie_login_has_no_token_in_the_body(client: FlaskClient) -> None:
    body = {"email": "ada@example.com", "password": PASSWORD, "transport": "cookie"}
    answer = client.post("/login", json=body)
    assert sorted(answer.get_json()) == ["csrf_token", "expires_in"]
    assert answer.get_json()["expires_in"] == 900
    assert answer.headers["Cache-Control"] == "no-store"
    for name in (ACCESS, REFRESH):
        assert kept(client, name).value not in answer.text


def test_each_cookie_is_bound_to_the_host_and_scripts_read_only_the_csrf_value(
    client: FlaskClient,
) -> None:
    body = {"email": "ada@example.com", "password": PASSWORD, "transport": "cookie"}
    found = cookies_set(client.post("/login", json=body))
    assert set(found) == {ACCESS, REFRESH, CSRF}
    shared = {"Secure", "Path=/", "SameSite=Lax", f"Max-Age={SECONDS}"}
    for name, (_, attributes) in found.items():
        assert shared <= attributes
        assert not any(a.startswith("Domain") for a in attributes)
        assert ("HttpOnly" in attributes) is (name != CSRF)


@pytest.mark.parametrize("transport", [None, "header"])
def test_login_without_cookie_transport_sets_no_cookies(
    client: FlaskClient, transport: str | None
) -> None:
    requested = {} if transport is None else {"transport": transport}
    body = {"email": "ada@example.com", "password": PASSWORD, **requested}
    answer = client.post("/login", json=body)
    assert "access_token" in answer.get_json()
    assert "Set-Cookie" not in answer.headers


def test_unknown_transport_is_rejected(client: FlaskClient) -> None:
    body = {"email": "ada@example.com", "password": PASSWORD, "transport": "query"}
    answer = client.post("/login", json=body)
    assert (answer.status_code, answer.get_json()["field"]) == (422, "transport")


def test_session_in_cookies_works_from_login_to_logout(service: ServiceUnderTest) -> None:
    service.add()
    client = service.client
    csrf = log_in(client, EMAIL, GOOD)
    assert client.get("/me").get_json()["email"] == EMAIL
    first = kept(client, ACCESS).value
    header = {"X-CSRF-TOKEN": csrf}
    answer = client.post("/refresh", headers=header)
    assert (answer.status_code, answer.get_json()) == (200, {"expires_in": 900, "csrf_token": csrf})
    assert kept(client, ACCESS).value != first
    assert claims(client, REFRESH)["gen"] == 2
    assert client.get("/me").status_code == 200
    done = client.post("/logout", headers=header)
    assert done.status_code == 204
    assert is_cleared(done)
    assert client.get("/me").get_json()["code"] == "missing_token"


def test_csrf_value_belongs_to_the_session_and_is_in_both_tokens(client: FlaskClient) -> None:
    csrf = log_in(client)
    assert kept(client, CSRF).value == csrf
    assert {claims(client, name)["csrf"] for name in (ACCESS, REFRESH)} == {csrf}
    client.post("/refresh", headers={"X-CSRF-TOKEN": csrf})
    assert {claims(client, name)["csrf"] for name in (ACCESS, REFRESH)} == {csrf}
    assert log_in(client) != csrf, "another session has another"


def test_refresh_returns_tokens_the_way_the_token_was_sent(
    client: FlaskClient, tokens: dict[str, str]
) -> None:
    log_in(client)
    before = kept(client, ACCESS).value
    answer = client.post("/refresh", headers=bearer(tokens["refresh_token"]))
    assert "access_token" in answer.get_json()
    assert "Set-Cookie" not in answer.headers
    assert kept(client, ACCESS).value == before


def test_header_takes_precedence_over_the_cookie_valid_or_not(
    client: FlaskClient, tokens: dict[str, str]
) -> None:
    log_in(client)
    of_header = jwt.decode(tokens["access_token"], options={"verify_signature": False})["sid"]
    listed = client.get("/sessions", headers=bearer(tokens["access_token"])).get_json()["sessions"]
    assert [one["id"] for one in listed if one["current"]] == [of_header]
    refused = client.get("/me", headers=bearer("no token"))
    assert refused.status_code == 401
    assert client.get("/me", headers={"Authorization": "Basic YTpi"}).status_code == 200


def test_logout_by_header_leaves_the_cookies_of_another_session(
    client: FlaskClient, tokens: dict[str, str]
) -> None:
    log_in(client)
    done = client.post("/logout", headers=bearer(tokens["access_token"]))
    assert (done.status_code, cookies_set(done)) == (204, {})
    assert client.get("/me").status_code == 200


def test_rejected_header_leaves_the_cookies(client: FlaskClient, tokens: dict[str, str]) -> None:
    log_in(client)
    client.post("/logout", headers=bearer(tokens["access_token"]))
    refused = client.get("/me", headers=bearer(tokens["access_token"]))
    assert refused.get_json()["code"] == "session_ended"
    assert cookies_set(refused) == {}


def test_logout_works_with_an_expired_access_token(client: FlaskClient) -> None:
    csrf = log_in(client)
    client.delete_cookie(ACCESS)
    assert client.post("/logout", headers={"X-CSRF-TOKEN": csrf}).status_code == 204


def test_token_is_read_only_from_the_cookie_of_its_type(client: FlaskClient) -> None:
    csrf = log_in(client)
    access, refresh = kept(client, ACCESS).value, kept(client, REFRESH).value
    client.set_cookie(ACCESS, refresh)
    client.set_cookie(REFRESH, access)
    assert client.get("/me").get_json()["code"] == "invalid_token"
    header = {"X-CSRF-TOKEN": csrf}
    assert client.post("/refresh", headers=header).get_json()["code"] == "invalid_token"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "/sessions/<current>", None),
        ("DELETE", "/me", {"password": PASSWORD}),
    ],
)
def test_ending_the_session_clears_its_cookies(
    client: FlaskClient, method: str, path: str, body: Any
) -> None:
    csrf = log_in(client)
    path = path.replace("<current>", claims(client, ACCESS)["sid"])
    answer = client.open(path, method=method, json=body, headers={"X-CSRF-TOKEN": csrf})
    assert answer.status_code == 204
    assert is_cleared(answer)


def test_ending_other_sessions_leaves_the_cookies_of_this_one(
    client: FlaskClient, tokens: dict[str, str]
) -> None:
    csrf = log_in(client)
    other = jwt.decode(tokens["access_token"], options={"verify_signature": False})["sid"]
    for path in (f"/sessions/{other}", "/sessions"):
        answer = client.delete(path, headers={"X-CSRF-TOKEN": csrf})
        assert (answer.status_code, cookies_set(answer)) == (204, {})
    assert client.get("/me").status_code == 200


@pytest.mark.parametrize(("method", "path"), [("GET", "/me"), ("POST", "/refresh")])
def test_cookies_of_a_session_ended_elsewhere_are_cleared(
    client: FlaskClient, tokens: dict[str, str], method: str, path: str
) -> None:
    csrf = log_in(client)
    client.delete(
        f"/sessions/{claims(client, ACCESS)['sid']}", headers=bearer(tokens["access_token"])
    )
    answer = client.open(path, method=method, headers={"X-CSRF-TOKEN": csrf})
    assert (answer.status_code, answer.get_json()["code"]) == (401, "session_ended")
    assert is_cleared(answer)


def test_refresh_for_a_deleted_user_clears_the_cookies(
    client: FlaskClient, stores: Stores, ada: User
) -> None:
    csrf = log_in(client)
    stores.users.delete(ada.id)
    answer = client.post("/refresh", headers={"X-CSRF-TOKEN": csrf})
    assert (answer.status_code, answer.get_json()["code"]) == (401, "user_gone")
    assert is_cleared(answer)


def test_expired_cookie_is_reported_as_expired_and_kept(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refresh cookie beside it is needed for the next request."""
    log_in(client)
    later = time.time() + 16 * 60
    monkeypatch.setattr(state_of(app).callbacks, "clock", lambda: later)
    answer = client.get("/me")
    assert (answer.status_code, answer.get_json()["code"]) == (401, "token_expired")
    assert cookies_set(answer) == {}


def test_refresh_token_created_by_the_application_without_csrf_claim_is_refreshed(
    service: ServiceUnderTest,
) -> None:
    user = service.add()
    pair = service.pair()
    with service.app.app_context():
        session = jwt.decode(pair["refresh_token"], options={"verify_signature": False})
        service.app.config["JWT_COOKIE_CSRF_PROTECT"] = False
        kept_claims = {name: session[name] for name in ("sid", "gen", "amr")}
        own = create_refresh_token(user.id, additional_claims=kept_claims)
        service.app.config["JWT_COOKIE_CSRF_PROTECT"] = True
    assert "csrf" not in jwt.decode(own, options={"verify_signature": False})
    assert service.post("/refresh", own).status_code == 200


@pytest.mark.parametrize("name", [ACCESS, REFRESH])
@pytest.mark.parametrize("second", ["x", "", "\xff", "same"])
def test_duplicate_cookies_are_rejected(client: FlaskClient, name: str, second: str) -> None:
    csrf = log_in(client)
    mine = kept(client, name).value
    second = mine if second == "same" else second
    method, path = ("GET", "/me") if name == ACCESS else ("POST", "/refresh")
    bare = client.application.test_client(use_cookies=False)
    for pair in ((mine, second), (second, mine)):
        header = "; ".join(f"{name}={value}" for value in pair)
        answer = bare.open(path, method=method, headers={"Cookie": header, "X-CSRF-TOKEN": csrf})
        assert answer.status_code == 401
        assert answer.get_json() == {
            "msg": f'The cookie "{name}" was sent twice',
            "code": "invalid_token",
        }


@pytest.mark.parametrize(
    "cookies",
    [
        "=",
        ";;;",
        "{name}",
        "{name}=",
        '{name}="a\\377b"',
        "{name}=\xff\xfe",
        "{name}=\x00",
        "{name}=a.b.c",
        "{name}=" + "a" * 20_000,
    ],
)
@pytest.mark.parametrize("name", [ACCESS, REFRESH])
def test_malformed_cookies_are_rejected_as_missing_or_invalid_token(
    app: Flask, name: str, cookies: str
) -> None:
    client, cookies = app.test_client(use_cookies=False), cookies.format(name=name)
    for method, path in (("GET", "/me"), ("POST", "/refresh"), ("POST", "/logout")):
        sent = {"HTTP_COOKIE": cookies, "HTTP_X_CSRF_TOKEN": "x"}
        answer = client.open(path, method=method, environ_overrides=sent)
        assert answer.status_code == 401
        assert answer.mimetype == "application/json"


def test_views_of_the_application_accept_the_cookie(
    settings: Settings, stores: Stores, ada: User
) -> None:
    app = Flask("host")

    @app.route("/mine", methods=["GET", "POST"])
    @jwt_required()
    def mine() -> dict[str, str]:
        return {"id": get_jwt_identity()}

    Watchword(app, settings=settings, stores=stores)
    client = app.test_client()
    csrf = log_in(client)
    assert client.get("/mine").get_json() == {"id": ada.id}
    refused = client.post("/mine")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "csrf_failed")
    assert client.post("/mine", headers={"X-CSRF-TOKEN": csrf}).status_code == 200
    evil = {"X-CSRF-TOKEN": csrf, "Origin": "https://evil.example"}
    refused = client.post("/mine", headers=evil)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "cross_origin")


def signed_otherwise(app: Flask, token: str, **header: Any) -> str:
    """Return a token with the same claims, signed by a key that the service does not have."""
    problem = jwt.decode(token, options={"verify_signature": False})
    stranger = ed25519.Ed25519PrivateKey.generate()
    return jwt.encode(problem, stranger, "EdDSA", headers={"typ": "rt+jwt", **header})


def put(client: FlaskClient, name: str, value: str) -> None:
    client.set_cookie(name, value, secure=True, path="/")


#: Reasons why a refresh token can never be accepted again, with their error codes.
DEAD: dict[str, tuple[Callable[[Flask, str], str], str]] = {
    "key-is-gone": (lambda app, token: signed_otherwise(app, token, kid="gone"), "unknown_key"),
    "forged": (lambda _app, token: f"{token[:-9]}{'A' * 8}Q", "invalid_signature"),
    "garbage": (lambda _app, _token: "garbage", "malformed_token"),
}


@pytest.mark.parametrize("path", ["/logout", "/refresh"])
@pytest.mark.parametrize("case", DEAD)
def test_cookies_that_can_never_be_accepted_again_are_cleared(
    app: Flask, client: FlaskClient, path: str, case: str
) -> None:
    log_in(client)
    spoil, code = DEAD[case]
    put(client, REFRESH, spoil(app, kept(client, REFRESH).value))
    # A page without the CSRF value may send any: there is no valid token to compare it with.
    answer = client.post(path, headers={"X-CSRF-TOKEN": "lost"})
    assert (answer.status_code, answer.get_json()["code"]) == (401, code)
    assert is_cleared(answer)
    after = client.post(path, headers={"X-CSRF-TOKEN": "lost"})
    assert (after.get_json()["code"], cookies_set(after)) == ("missing_token", {})


@pytest.mark.parametrize("path", ["/logout", "/refresh"])
def test_expired_cookies_are_cleared_where_they_would_be_needed_next(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    csrf = log_in(client)
    later = time.time() + SECONDS + 60
    monkeypatch.setattr(state_of(app).callbacks, "clock", lambda: later)
    answer = client.post(path, headers={"X-CSRF-TOKEN": csrf})
    assert (answer.status_code, answer.get_json()["code"]) == (401, "token_expired")
    assert is_cleared(answer)


@pytest.mark.parametrize("path", ["/logout", "/refresh"])
def test_access_token_in_the_refresh_cookie_is_cleared_by_a_refresh(
    client: FlaskClient, path: str
) -> None:
    csrf = log_in(client)
    put(client, REFRESH, kept(client, ACCESS).value)
    answer = client.post(path, headers={"X-CSRF-TOKEN": csrf})
    # The token can still end its session.
    assert answer.status_code == (401 if path == "/refresh" else 204)
    assert is_cleared(answer)


@pytest.mark.parametrize("path", ["/logout", "/refresh"])
@pytest.mark.parametrize(
    "sent",
    [
        {"X-CSRF-TOKEN": "lost", "Sec-Fetch-Site": "cross-site"},
        {"X-CSRF-TOKEN": "lost", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-origin"},
    ],
)
def test_page_of_another_origin_clears_no_cookies(
    app: Flask, client: FlaskClient, path: str, sent: dict[str, str]
) -> None:
    log_in(client)
    put(client, REFRESH, signed_otherwise(app, kept(client, REFRESH).value, kid="gone"))
    answer = client.post(path, headers=sent)
    assert (answer.status_code, cookies_set(answer)) == (403, {})


@pytest.mark.parametrize("path", ["/logout", "/refresh"])
def test_wrong_csrf_value_clears_no_valid_cookie(client: FlaskClient, path: str) -> None:
    log_in(client)
    answer = client.post(path, headers={"X-CSRF-TOKEN": "wrong"})
    assert (answer.get_json()["code"], cookies_set(answer)) == ("csrf_failed", {})


@pytest.mark.parametrize("path", ["/logout", "/refresh"])
def test_cookie_that_may_become_valid_is_kept(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    csrf = log_in(client)
    monkeypatch.setattr(state_of(app).callbacks, "clock", lambda: time.time() - 3600)
    answer = client.post(path, headers={"X-CSRF-TOKEN": csrf})
    assert (answer.get_json()["code"], cookies_set(answer)) == ("token_not_yet_valid", {})


@pytest.mark.parametrize("path", ["/logout", "/refresh"])
def test_cookies_beside_a_rejected_header_token_are_kept(client: FlaskClient, path: str) -> None:
    csrf = log_in(client)
    headers = {"X-CSRF-TOKEN": csrf, **bearer("garbage")}
    answer = client.post(path, headers=headers)
    assert (answer.get_json()["code"], cookies_set(answer)) == ("malformed_token", {})


@pytest.mark.parametrize("path", ["/me", "/sessions"])
def test_other_endpoints_keep_a_cookie_beside_another_one(
    app: Flask, client: FlaskClient, path: str
) -> None:
    log_in(client)
    put(client, ACCESS, signed_otherwise(app, kept(client, ACCESS).value, kid="gone", typ="at+jwt"))
    answer = client.get(path)
    assert (answer.get_json()["code"], cookies_set(answer)) == ("unknown_key", {})


@pytest.mark.parametrize(("count", "length"), [(MAX_NAMES, 24), (12, MAX_NAME_CHARACTERS)])
def test_user_with_the_maximum_of_roles_and_scopes_fits_into_cookies(
    settings: Settings, stores: Stores, ada: User, count: int, length: int
) -> None:
    names = check_names(frozenset(f"{n:02}".ljust(length, "x") for n in range(count)))
    stores.users.set_roles(ada.id, names)
    stores.users.set_scopes(ada.id, names)
    # The longest signature of the keys generated here.
    app = create_app(replace(settings, key_algorithm="RS256"), stores=stores)
    client = app.test_client()
    log_in(client)
    assert client.get("/me").status_code == 200
    assert len(ACCESS) + len(kept(client, ACCESS).value) <= 4096
