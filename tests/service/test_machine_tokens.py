"""API tokens and OAuth clients: creation, exchange for access tokens, and revocation."""

import base64
import importlib
import time
from typing import Any

import jwt
import pytest
from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from werkzeug.test import TestResponse

from flask_watchword import get_jwt_identity, jwt_required, roles_required, scopes_required
from flask_watchword.accounts.api_tokens import (
    ApiTokenKind,
    ApiTokenStore,
    client_ids_of,
    new_api_token,
)
from flask_watchword.accounts.users import User
from flask_watchword.clock import system_clock
from flask_watchword.service import end_access as access_ending
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.end_access import revoke_access_of
from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.features.api_tokens.http import shared as making
from flask_watchword.service.features.table import active_features, endpoints_of
from tests.service.under_test import BETTER, EMAIL, GOOD, ServiceUnderTest, service_under_test

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
KINDS = ["/tokens", "/clients"]


def status_and_code(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


@pytest.fixture
def service(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A service inside an application with views."""
    with service_under_test(database_url, monkeypatch) as found:
        _add_views(found.app)
        yield found


def _add_views(app: Flask) -> None:
    @app.get("/orders")
    @scopes_required("orders:read")
    def orders() -> ResponseReturnValue:
        return jsonify(of=get_jwt_identity())

    @app.get("/caller")
    @jwt_required()
    def echo_caller() -> ResponseReturnValue:
        return jsonify(of=get_jwt_identity())

    @app.get("/fresh")
    @jwt_required(fresh=True)
    def fresh() -> ResponseReturnValue:
        return jsonify()

    @app.get("/managers")
    @roles_required("manager")
    def managers() -> ResponseReturnValue:
        return jsonify()


@pytest.fixture
def ada(service: ServiceUnderTest) -> User:
    user = service.add_verified()
    service.parts.stores.users.set_roles(user.id, frozenset({"manager"}))
    service.parts.stores.users.set_scopes(user.id, frozenset({"orders:read", "orders:write"}))
    return user


@pytest.fixture
def session(service: ServiceUnderTest, ada: User) -> str:
    return str(service.pair()["access_token"])


def make(service: ServiceUnderTest, session: str, kind: str, **body: Any) -> dict[str, Any]:
    wanted = {"password": GOOD, "name": "nightly", "scopes": ["orders:read"]} | body
    made = service.post(kind, session, **wanted)
    assert made.status_code == 201, made.get_json()
    found: dict[str, Any] = made.get_json()
    return found


def form_of(made: dict[str, Any], **more: str) -> dict[str, str]:
    """Return the form that an API client sends to get an access token."""
    if "token" in made:
        of_kind = {
            "grant_type": EXCHANGE,
            "subject_token": made["token"],
            "subject_token_type": ACCESS_TOKEN,
        }
    else:
        of_kind = {
            "grant_type": "client_credentials",
            "client_id": made["client_id"],
            "client_secret": made["client_secret"],
        }
    return of_kind | more


def trade(service: ServiceUnderTest, made: dict[str, Any], **more: str) -> TestResponse:
    return service.client.post("/token", data=form_of(made, **more))


def access(service: ServiceUnderTest, made: dict[str, Any], **more: str) -> str:
    answer = trade(service, made, **more)
    assert answer.status_code == 200, answer.get_json()
    return str(answer.get_json()["access_token"])


def get(service: ServiceUnderTest, path: str, token: str) -> TestResponse:
    return service.client.get(path, headers={"Authorization": f"Bearer {token}"})


# Creation -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_new_secret_is_shown_once_and_stored_as_a_hash(
    service: ServiceUnderTest, session: str, kind: str
) -> None:
    made = make(service, session, kind, days=30)
    secret = made.get("token") or made["client_secret"]
    listed = get(service, kind, session)
    (shown,) = listed.get_json()[kind[1:]]
    assert shown == made["made"]
    assert (shown["name"], shown["scopes"], shown["last_used_at"]) == (
        "nightly",
        ["orders:read"],
        None,
    )
    assert secret not in listed.text
    (kept,) = service.parts.repositories.api_tokens.of_owner(_id(service))
    assert secret not in repr(kept) + kept.token_hash
    assert (
        get(service, KINDS[1 - KINDS.index(kind)], session).get_json()[
            KINDS[1 - KINDS.index(kind)][1:]
        ]
        == []
    )
    assert service.events().count("machine_token_made") == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("body", "refused", "field"),
    [
        ({"password": BETTER}, (403, "wrong_password"), None),
        ({"scopes": ["orders:read", "admin:all"]}, (422, "invalid_field"), "scopes"),
        ({"name": "  "}, (422, "invalid_field"), "name"),
        ({"name": "a\x07b"}, (422, "invalid_field"), "name"),
        ({"days": 0}, (422, "invalid_field"), "days"),
        ({"id": "mine"}, (422, "invalid_field"), "id"),
    ],
)
def test_invalid_request_is_rejected(
    service: ServiceUnderTest, session: str, kind: str, body: Any, refused: Any, field: str | None
) -> None:
    wanted = {"password": GOOD, "name": "nightly", "scopes": []} | body
    answer = service.post(kind, session, **wanted)
    assert (status_and_code(answer), answer.get_json().get("field")) == (refused, field)
    assert get(service, kind, session).get_json()[kind[1:]] == []


@pytest.mark.parametrize("kind", KINDS)
def test_creation_requires_a_verified_address(service: ServiceUnderTest, kind: str) -> None:
    service.add()
    refused = service.post(kind, service.pair()["access_token"], password=GOOD, name="nightly")
    assert status_and_code(refused) == (409, "email_unverified")


def test_number_of_api_tokens_is_limited(
    service: ServiceUnderTest, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "MAX_TOKENS", 2)
    first = make(service, session, "/tokens")
    make(service, session, "/tokens")
    make(service, session, "/clients")
    refused = service.post("/tokens", session, password=GOOD, name="third")
    assert status_and_code(refused) == (409, "too_many_tokens")
    service.ask("DELETE", f"/tokens/{first['made']['id']}", session)
    make(service, session, "/tokens")


# Access -------------------------------------------------------------------------------------


def test_personal_token_gives_access_as_its_owner_within_its_scopes(
    service: ServiceUnderTest, ada: User, session: str
) -> None:
    made = make(service, session, "/tokens")
    answer = trade(service, made)
    body = answer.get_json()
    token = body.pop("access_token")
    assert body == {
        "token_type": "Bearer",
        "expires_in": 900,
        "scope": "orders:read",
        "issued_token_type": ACCESS_TOKEN,
    }
    assert answer.headers["Cache-Control"] == "no-store"
    assert get(service, "/orders", token).get_json() == {"of": ada.id}
    assert get(service, "/tokens", session).get_json()["tokens"][0]["last_used_at"] is not None


def test_oauth_client_gives_access_as_itself_and_may_use_basic_authentication(
    service: ServiceUnderTest, ada: User, session: str
) -> None:
    made = make(service, session, "/clients")
    basic = base64.b64encode(f"{made['client_id']}:{made['client_secret']}".encode()).decode()
    answer = service.client.post(
        "/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": f"Basic {basic}"},
    )
    assert answer.get_json().keys() == {"access_token", "token_type", "expires_in", "scope"}
    for token in (answer.get_json()["access_token"], access(service, made)):
        assert get(service, "/orders", token).get_json() == {"of": made["client_id"]}
    twice = service.client.post(
        "/token", data=form_of(made), headers={"Authorization": f"Basic {basic}"}
    )
    assert status_and_code(twice) == (400, "invalid_request")


@pytest.mark.parametrize("kind", KINDS)
def test_access_token_is_not_fresh_has_no_roles_and_names_its_client(
    service: ServiceUnderTest, session: str, kind: str
) -> None:
    made = make(service, session, kind)
    token = access(service, made)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["client_id"] == made["made"]["id"]
    assert claims["scope"] == "orders:read"
    assert claims["fresh"] is False
    assert not {"roles", "sid", "auth_time", "amr"} & claims.keys()
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    assert get(service, "/fresh", token).status_code == 401
    assert get(service, "/managers", token).status_code == 403


@pytest.mark.parametrize("kind", KINDS)
def test_exchange_may_reduce_scopes_but_not_extend_them(
    service: ServiceUnderTest, session: str, kind: str
) -> None:
    made = make(service, session, kind, scopes=["orders:read", "orders:write"])
    token = access(service, made, scope="orders:write")
    assert get(service, "/orders", token).status_code == 403
    assert status_and_code(trade(service, made, scope="orders:read x")) == (400, "invalid_scope")
    service.parts.stores.users.set_scopes(_id(service), frozenset({"orders:write"}))
    # A scope that the owner has lost is not granted.
    assert trade(service, made).get_json()["scope"] == "orders:write"
    assert status_and_code(trade(service, made, scope="orders:read")) == (400, "invalid_scope")


_OF_PEOPLE = [
    one
    for one in endpoints_of(active_features(Settings()))
    if one.access.tokens and not one.path.startswith("/admin/")
]


@pytest.fixture(scope="module")
def programs(shared: ServiceUnderTest) -> dict[str, str]:
    """The request data of an API client of each kind."""
    user = shared.add_verified()
    shared.parts.stores.users.set_scopes(user.id, frozenset({"orders:read"}))
    session = str(shared.pair()["access_token"])
    return {kind: access(shared, make(shared, session, kind)) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("one", _OF_PEOPLE, ids=lambda one: one.name)
def test_api_client_cannot_change_its_owners_account(
    shared: ServiceUnderTest, programs: dict[str, str], kind: str, one: Endpoint
) -> None:
    path = one.path.replace("<", "").replace(">", "")
    refused = shared.ask(one.method, path, programs[kind])
    expected = (401, "invalid_token") if one.name == "refresh" else (403, "machine_token")
    assert status_and_code(refused) == expected


# Revocation and expiry ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_revoked_token_is_rejected_with_the_access_tokens_issued_for_it(
    service: ServiceUnderTest, session: str, kind: str
) -> None:
    made = make(service, session, kind)
    token = access(service, made)
    assert get(service, "/caller", token).status_code == 200
    path = f"{kind}/{made['made']['id']}"
    assert service.ask("DELETE", path, session).status_code == 204
    assert status_and_code(get(service, "/caller", token)) == (401, "token_revoked")
    expected = (401, "invalid_client") if kind == "/clients" else (400, "invalid_grant")
    assert status_and_code(trade(service, made)) == expected
    assert service.ask("DELETE", path, session).status_code == 404
    assert service.me(session).status_code == 200
    assert service.events().count("machine_token_revoked") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_token_of_another_user_or_kind_cannot_be_revoked(
    service: ServiceUnderTest, session: str, kind: str
) -> None:
    made = make(service, session, kind)
    other = KINDS[1 - KINDS.index(kind)]
    service.add("bob@example.com")
    bob = service.pair("bob@example.com")["access_token"]
    for path, whose in (
        (f"{kind}/{made['made']['id']}", bob),
        (f"{other}/{made['made']['id']}", session),
    ):
        assert service.ask("DELETE", path, whose).status_code == 404
    assert access(service, made)


@pytest.mark.parametrize("kind", KINDS)
def test_disabling_the_owner_rejects_its_api_clients_at_the_next_request(
    service: ServiceUnderTest, session: str, kind: str
) -> None:
    boss = service.add("boss@example.com")
    service.parts.stores.users.set_roles(boss.id, frozenset({"admin"}))
    admin = service.pair("boss@example.com")["access_token"]
    made = make(service, session, kind)
    token = access(service, made)
    user = f"/admin/users/{_id(service)}"
    assert service.ask("PATCH", user, admin, disabled=True).status_code == 200
    assert get(service, "/caller", token).status_code == 401
    expected = (401, "invalid_client") if kind == "/clients" else (400, "invalid_grant")
    assert status_and_code(trade(service, made)) == expected
    assert service.ask("PATCH", user, admin, disabled=False).status_code == 200
    assert trade(service, made).status_code == 200
    assert service.ask("DELETE", user, admin).status_code == 204
    assert status_and_code(trade(service, made)) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_token_created_while_its_owner_is_disabled_is_revoked(
    service: ServiceUnderTest, session: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = service.add("boss@example.com")
    service.parts.stores.users.set_roles(boss.id, frozenset({"admin"}))
    admin = service.pair("boss@example.com")["access_token"]
    late: list[str] = []

    def read_and_then_another_is_made(tokens: ApiTokenStore, owner: str) -> list[str]:
        found = client_ids_of(tokens, owner)
        if not late:
            late.append(access(service, make(service, session, kind)))
        return found

    monkeypatch.setattr(access_ending, "client_ids_of", read_and_then_another_is_made)
    user = f"/admin/users/{_id(service)}"
    assert service.ask("PATCH", user, admin, disabled=True).status_code == 200
    assert len(late) == 1
    assert get(service, "/caller", late[0]).status_code == 401


@pytest.mark.parametrize("by", ["an admin", "oneself"])
@pytest.mark.parametrize("kind", KINDS)
def test_token_created_while_its_owner_is_deleted_is_revoked(
    service: ServiceUnderTest, session: str, kind: str, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = service.add("boss@example.com")
    service.parts.stores.users.set_roles(boss.id, frozenset({"admin"}))
    admin = service.pair("boss@example.com")["access_token"]
    again = service.pair()["access_token"]
    user = f"/admin/users/{_id(service)}"
    late: list[str] = []

    def ended_and_then_another_is_made(*subjects: str) -> None:
        revoke_access_of(*subjects)
        if not late:
            # By a request that started before the sessions ended.
            of_kind = ApiTokenKind.CLIENT if kind == "/clients" else ApiTokenKind.PERSONAL
            token, text = new_api_token(of_kind, owner, "late", [], [], system_clock(), None)
            service.parts.repositories.api_tokens.add(token)
            made = {"client_id": token.id, "client_secret": text}
            late.append(access(service, made if kind == "/clients" else {"token": text}))

    owner = _id(service)
    monkeypatch.setattr(access_ending, "revoke_access_of", ended_and_then_another_is_made)
    if by == "an admin":
        deleted = service.ask("DELETE", user, admin)
    else:
        deleted = service.ask("DELETE", "/me", again, password=GOOD)
    assert deleted.status_code == 204
    assert len(late) == 1
    assert get(service, "/caller", late[0]).status_code == 401


@pytest.mark.parametrize("kind", KINDS)
def test_expired_token_is_rejected(
    service: ServiceUnderTest, session: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(service, session, kind, days=1)
    later = system_clock() + 86_401
    monkeypatch.setattr(
        "flask_watchword.service.features.api_tokens.http.shared.system_clock", lambda: later
    )
    module = importlib.import_module("flask_watchword.service.features.api_tokens.http.token")
    monkeypatch.setattr(module, "system_clock", lambda: later)
    assert trade(service, made).status_code in (400, 401)


@pytest.mark.parametrize("kind", KINDS)
def test_access_token_expires_no_later_than_the_token_exchanged_for_it(
    service: ServiceUnderTest, session: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(service, session, kind, days=1)
    (kept,) = service.parts.repositories.api_tokens.of_owner(_id(service))
    assert kept.expires_at is not None
    for left, expected in ((901, 900), (899.5, 899), (0.5, 1)):
        module = importlib.import_module("flask_watchword.service.features.api_tokens.http.token")
        monkeypatch.setattr(module, "system_clock", lambda left=left: kept.expires_at - left)
        answer = trade(service, made).get_json()
        claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
        assert (answer["expires_in"], claims["exp"] - claims["iat"]) == (expected, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_token_revoked_by_one_worker_is_rejected_by_another(
    service: ServiceUnderTest,
    session: str,
    kind: str,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = make(service, session, kind)
    token = access(service, made)
    with service_under_test(database_url, monkeypatch) as other:
        _add_views(other.app)
        assert get(other, "/caller", token).status_code == 200
        assert service.ask("DELETE", f"{kind}/{made['made']['id']}", session).status_code == 204
        until = time.monotonic() + 30
        while get(other, "/caller", token).status_code == 200 and time.monotonic() < until:
            time.sleep(0.01)  # the other process may use its cached copy for the allowed staleness
        assert status_and_code(get(other, "/caller", token)) == (401, "token_revoked")
        assert trade(other, made).status_code in (400, 401)


@pytest.mark.parametrize("kind", KINDS)
def test_token_revoked_during_the_exchange_gives_no_access(
    service: ServiceUnderTest, session: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(service, session, kind)
    module = importlib.import_module("flask_watchword.service.features.api_tokens.http.token")
    issue = module.new_access_token

    def revoked_first(*arguments: Any) -> str:
        store = service.parts.repositories.api_tokens
        store.revoke(made["made"]["id"], _id(service), system_clock())
        return str(issue(*arguments))

    monkeypatch.setattr(module, "new_access_token", revoked_first)
    assert trade(service, made).status_code in (400, 401)


# Invalid requests ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "refused"),
    [
        ({"scope": "x"}, (400, "invalid_request")),
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
        ({"grant_type": "client_credentials"}, (401, "invalid_client")),
        (
            {"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"},
            (401, "invalid_client"),
        ),
        ({"grant_type": EXCHANGE}, (400, "invalid_request")),
        (
            {"grant_type": EXCHANGE, "subject_token": "x", "subject_token_type": "y"},
            (400, "invalid_request"),
        ),
        (
            {"grant_type": EXCHANGE, "subject_token": "x", "subject_token_type": ACCESS_TOKEN},
            (400, "invalid_grant"),
        ),
        ({"grant_type": ["client_credentials"] * 2}, (400, "invalid_request")),
        ({"grant_type": "client_credentials", "client_id": "x" * 257}, (400, "invalid_request")),
    ],
)
def test_errors_have_the_codes_of_oauth_and_of_the_service(
    shared: ServiceUnderTest, form: Any, refused: Any
) -> None:
    answer = shared.client.post("/token", data=form)
    assert status_and_code(answer) == refused
    assert answer.get_json()["error"] == refused[1]
    assert answer.get_json()["error_description"] == answer.get_json()["msg"]
    if refused[0] == 401:
        assert 'Basic realm="watchword"' in answer.headers["WWW-Authenticate"]


def test_json_body_is_rejected(service: ServiceUnderTest) -> None:
    refused = service.client.post("/token", json={"grant_type": "client_credentials"})
    assert status_and_code(refused) == (415, "unsupported_media_type")


def test_unknown_form_parameters_are_ignored(service: ServiceUnderTest, session: str) -> None:
    made = make(service, session, "/clients")
    assert trade(service, made, resource="https://example.com", scope="").status_code == 200


def test_guesses_are_rate_limited_and_known_clients_are_not(
    service: ServiceUnderTest, session: str
) -> None:
    made = make(service, session, "/clients")
    wrong = made | {"client_secret": "wwc_" + "0" * 36}
    statuses = [trade(service, wrong).status_code for _ in range(65)]
    assert set(statuses) == {401, 429}
    assert statuses.count(401) in range(60, 64)
    assert trade(service, wrong).headers["Retry-After"]


def test_client_secret_is_accepted_only_with_its_own_client_id(
    service: ServiceUnderTest, session: str
) -> None:
    one, other = (
        make(service, session, "/clients"),
        make(service, session, "/clients", name="other"),
    )
    mixed = one | {"client_secret": other["client_secret"]}
    assert status_and_code(trade(service, mixed)) == (401, "invalid_client")


def _id(service: ServiceUnderTest) -> str:
    user = service.user(EMAIL)
    assert user is not None
    return user.id


@pytest.mark.parametrize("kind", KINDS)
def test_scope_removed_during_the_exchange_is_not_granted(
    service: ServiceUnderTest, session: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(service, session, kind, scopes=["orders:read", "orders:write"])
    module = importlib.import_module("flask_watchword.service.features.api_tokens.http.token")
    issue = module.new_access_token

    def taken_first(*arguments: Any) -> str:
        service.parts.stores.users.set_scopes(_id(service), frozenset({"orders:write"}))
        return str(issue(*arguments))

    with monkeypatch.context() as patched:
        patched.setattr(module, "new_access_token", taken_first)
        assert status_and_code(trade(service, made)) == (400, "invalid_scope")
    assert trade(service, made).get_json()["scope"] == "orders:write"
