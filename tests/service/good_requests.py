"""One successful request for each endpoint: its prerequisites and its content.

An endpoint that is missing from this table fails the tests that iterate over it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
import pyotp
from werkzeug.test import TestResponse

from flask_watchword.clock import system_clock
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.features.bootstrap_admin.flow import offer_setup
from flask_watchword.service.features.table import active_features, endpoints_of
from flask_watchword.service.features.totp.flow import STEP_SECONDS
from tests.service.under_test import BETTER, EMAIL, GOOD, ServiceUnderTest

BOSS = "boss@example.com"
NEW = "Lovelace@Example.org"
ENDPOINTS = {one.name: one for one in endpoints_of(active_features(Settings()))}


@dataclass(frozen=True)
class Request:
    """What to send.

    Attributes:
        token: the caller's token; ``None`` without one.
        body: the JSON body; ``None`` without one.
        form: the form body; ``None`` without one.
        path: the path parameters by name.
        query: the query parameters.
    """

    token: str | None = None
    body: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


def send(service: ServiceUnderTest, one: Endpoint, request: Request) -> TestResponse:
    path = one.path
    for name, value in request.path.items():
        path = path.replace(f"<{name}>", value)
    return service.client.open(
        path,
        method=one.method,
        json=request.body,
        data=request.form,
        query_string=request.query,
        headers={} if request.token is None else {"Authorization": f"Bearer {request.token}"},
    )


def unthrottled(service: ServiceUnderTest) -> ServiceUnderTest:
    """Remove the rate limits of a service; its views already have its context."""
    object.__setattr__(service.parts.stores, "rate_limits", _Unlimited())
    return service


class _Unlimited:
    def consume(self, hits: Any, now: int) -> int:
        return 0

    def consume_by_trust(self, *_: Any) -> tuple[int, bool]:
        return 0, False

    def refund(self, hits: Any) -> None:
        pass

    def remember(self, key: str, until: int, now: int, **also: Any) -> None:
        pass

    def remembers(self, key: str, now: int) -> bool:
        return False

    def purge(self, now: int, limit: int) -> int:
        return 0


def _with_the_code_of_the_start(service: ServiceUnderTest) -> Request:
    code = service.parts.stores.accounts.run(lambda one: offer_setup(one, system_clock()))
    return Request(body={"code": code, "email": BOSS, "password": GOOD})


def _with_the_code_alone(service: ServiceUnderTest) -> Request:
    code = service.parts.stores.accounts.run(lambda one: offer_setup(one, system_clock()))
    return Request(body={"code": code})


# Prerequisites -------------------------------------------------------------------------------


def _signed_in(service: ServiceUnderTest) -> str:
    service.add_verified()
    return _access(service)


def _access(service: ServiceUnderTest) -> str:
    token: str = service.pair()["access_token"]
    return token


def _code_of(service: ServiceUnderTest, path: str, token: str | None = None, **body: str) -> str:
    assert service.post(path, token, **body).status_code in (201, 202)
    return service.code()


def totp_code(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(system_clock()) + steps * STEP_SECONDS)


def _enrolling(service: ServiceUnderTest) -> tuple[str, str]:
    token = _signed_in(service)
    secret = service.post("/totp/enrol", token, password=GOOD).get_json()["secret"]
    return token, secret


def enrolled(service: ServiceUnderTest) -> tuple[str, str]:
    token, secret = _enrolling(service)
    # Use the oldest accepted code, so that a newer one can follow immediately. Retry once if the
    # code expired in between.
    for _ in range(2):
        confirmed = service.post("/totp/confirm", token, code=totp_code(secret, -1))
        if confirmed.status_code == 200:
            break
    assert confirmed.status_code == 200, confirmed.get_json()
    service.mail()
    return token, secret


# The requests ----------------------------------------------------------------------------


def _second_step(service: ServiceUnderTest) -> Request:
    _, secret = enrolled(service)
    pending = service.log_in().get_json()["pending_token"]
    return Request(body={"pending_token": pending, "code": totp_code(secret)})


def _refused_for_the_password(service: ServiceUnderTest) -> Request:
    user = service.add(password="otter juggle")
    service.parts.stores.users.require_password_review(user.id, system_clock())
    refused = service.log_in(password="otter juggle")
    return Request(body={"pending_token": refused.get_json()["pending_token"], "password": GOOD})


def _confirmation(service: ServiceUnderTest) -> Request:
    token, secret = _enrolling(service)
    return Request(token, {"code": totp_code(secret)})


def _confirming(
    service: ServiceUnderTest, path: str, token: str | None = None, **body: str
) -> Request:
    return Request(body={"code": _code_of(service, path, token, **body), "password": GOOD})


def _reset(service: ServiceUnderTest) -> Request:
    service.add()
    return Request(
        body={"code": _code_of(service, "/password/forgot", email=EMAIL), "password": BETTER}
    )


def _about_one_of_two_sessions(service: ServiceUnderTest) -> Request:
    token = _signed_in(service)
    _access(service)
    listed = service.client.get(
        "/sessions", headers={"Authorization": f"Bearer {token}"}
    ).get_json()
    (other,) = (one["id"] for one in listed["sessions"] if not one["current"])
    return Request(token, path={"session_id": other})


def _by_a_user(**body: Any) -> Callable[[ServiceUnderTest], Request]:
    def make(service: ServiceUnderTest) -> Request:
        service.add()
        return Request(body=body)

    return make


def _by_a_stranger(**body: Any) -> Callable[[ServiceUnderTest], Request]:
    return lambda service: Request(body=body or None)


def _with_a_token(**body: Any) -> Callable[[ServiceUnderTest], Request]:
    return lambda service: Request(_signed_in(service), body or None)


def _with_a_second_factor(**body: Any) -> Callable[[ServiceUnderTest], Request]:
    def make(service: ServiceUnderTest) -> Request:
        token, secret = enrolled(service)
        return Request(token, {**body, "code": totp_code(secret)})

    return make


def _with_a_refresh_token(service: ServiceUnderTest) -> Request:
    service.add()
    return Request(service.pair()["refresh_token"])


# Requests of an admin -----------------------------------------------------------------------


def _admin(service: ServiceUnderTest) -> str:
    boss = service.add(BOSS)
    service.parts.stores.users.set_roles(boss.id, frozenset({"admin"}))
    token: str = service.pair(BOSS)["access_token"]
    return token


def _by_an_admin(**body: Any) -> Callable[[ServiceUnderTest], Request]:
    return lambda service: Request(_admin(service), body or None)


def about_a_user(**body: Any) -> Callable[[ServiceUnderTest], Request]:
    def make(service: ServiceUnderTest) -> Request:
        user = service.add()
        service.pair()
        return Request(_admin(service), body or None, path={"user_id": user.id})

    return make


def _about_a_session_of_a_user(service: ServiceUnderTest) -> Request:
    user, session = service.add(), _session_of(service.pair()["access_token"])
    return Request(_admin(service), path={"user_id": user.id, "session_id": session})


def _session_of(token: str) -> str:
    claims = jwt.decode(token, options={"verify_signature": False})
    return str(claims["sid"])


def _about_a_user_with_a_second_factor(service: ServiceUnderTest) -> Request:
    enrolled(service)
    user = service.user()
    assert user is not None
    return Request(_admin(service), path={"user_id": user.id})


def _about_a_key(service: ServiceUnderTest, state: str) -> Request:
    service.parts.keys.reload()  # otherwise it would sign for one second with the revoked key
    token = _admin(service)
    if state == "next":
        assert service.post("/admin/keys/rotate", token, at_once=False).status_code == 200
    headers = {"Authorization": f"Bearer {token}"}
    keys = service.client.get("/admin/keys", headers=headers).get_json()["keys"]
    kid = next(key["kid"] for key in keys if key["state"] == state)
    return Request(token, path={"kid": kid})


# Requests of API clients --------------------------------------------------------------------


def _machine_token(service: ServiceUnderTest, path: str) -> tuple[str, dict[str, Any]]:
    session = _signed_in(service)
    made = service.post(path, session, password=GOOD, name="nightly")
    assert made.status_code == 201
    return session, made.get_json()


def _revoking(path: str, name: str) -> Callable[[ServiceUnderTest], Request]:
    def make(service: ServiceUnderTest) -> Request:
        session, made = _machine_token(service, path)
        return Request(session, path={name: made["made"]["id"]})

    return make


def _trade(service: ServiceUnderTest) -> Request:
    _, made = _machine_token(service, "/clients")
    credentials = {name: made[name] for name in ("client_id", "client_secret")}
    return Request(form={"grant_type": "client_credentials", **credentials})


GOOD_REQUESTS: Mapping[str, Callable[[ServiceUnderTest], Request]] = {
    "register": _by_a_stranger(email=EMAIL, password=GOOD),
    "verify_address": lambda service: _confirming(service, "/register", email=EMAIL, password=GOOD),
    "resend_code": _by_a_user(email=EMAIL),
    "login": _by_a_user(email=EMAIL, password=GOOD),
    "login_totp": _second_step,
    "choose_password": _refused_for_the_password,
    "refresh": _with_a_refresh_token,
    "logout": _with_a_token(),
    "forgot_password": _by_a_user(email=EMAIL),
    "reset_password": _reset,
    "change_password": _with_a_token(current_password=GOOD, password=BETTER),
    "change_email": _with_a_token(email=NEW, password=GOOD),
    "confirm_email": lambda service: _confirming(
        service, "/email/change", _signed_in(service), email=NEW, password=GOOD
    ),
    "me": _with_a_token(),
    "delete_account": _with_a_token(password=GOOD),
    "enrol_totp": _with_a_token(password=GOOD),
    "confirm_authenticator": _confirmation,
    "disable_totp": _with_a_second_factor(password=GOOD),
    "renew_recovery_codes": _with_a_second_factor(password=GOOD),
    "list_tokens": _with_a_token(),
    "make_token": _with_a_token(password=GOOD, name="nightly"),
    "revoke_token": _revoking("/tokens", "token_id"),
    "list_clients": _with_a_token(),
    "make_client": _with_a_token(password=GOOD, name="nightly"),
    "revoke_client": _revoking("/clients", "client_id"),
    "token": _trade,
    "list_sessions": _with_a_token(),
    "end_other_sessions": _with_a_token(),
    "end_session": _about_one_of_two_sessions,
    "list_users": _by_an_admin(),
    "invite": _by_an_admin(email=NEW, roles=["reader"]),
    "show_user": about_a_user(),
    "change_user": about_a_user(roles=["reader"], disabled=True),
    "delete_user": about_a_user(),
    "list_sessions_of_user": about_a_user(),
    "end_all_sessions_of_user": about_a_user(),
    "end_session_of_user": _about_a_session_of_a_user,
    "send_reset": about_a_user(),
    "remove_second_factor": _about_a_user_with_a_second_factor,
    "list_keys": _by_an_admin(),
    "rotate_keys": _by_an_admin(at_once=False),
    "retire_key": lambda service: _about_a_key(service, "next"),
    "revoke_key": lambda service: _about_a_key(service, "active"),
    "list_audit_entries": _by_an_admin(),
    "figures": _by_an_admin(),
    "jwks": _by_a_stranger(),
    "healthz": _by_a_stranger(),
    "readyz": _by_a_stranger(),
    "metrics": _by_a_stranger(),
    "openapi_json": _by_a_stranger(),
    "docs": _by_a_stranger(),
    "docs_part": lambda service: Request(path={"part": "page.js"}),
    "setup_page": _by_a_stranger(),
    "setup_part": lambda service: Request(path={"part": "page.js"}),
    "check_setup_code": _with_the_code_alone,
    "set_up": _with_the_code_of_the_start,
}
