"""Every writing endpoint and the audit events it writes.

The tables are written by hand and compared with the behaviour of the code, so a missing event or an
endpoint without a row fails here.
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

import flask_watchword
from flask_watchword.accounts.audit import TRIMMED, Event
from flask_watchword.clock import system_clock
from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.features.table import FEATURES
from tests.docs.pages import ROOT, between, table_rows, text_of
from tests.service.good_requests import (
    ENDPOINTS,
    GOOD_REQUESTS,
    Request,
    about_a_user,
    enrolled,
    send,
    totp_code,
    unthrottled,
)
from tests.service.under_test import BETTER, EMAIL, GOOD, ServiceUnderTest

#: The names are those in the code and do not depend on the database.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite_url"], indirect=True)

WRITING = {name: one for name, one in ENDPOINTS.items() if one.method != "GET"}

#: The events of a successful request for each endpoint, in order.
EVENTS: Mapping[str, tuple[str, ...]] = {
    "register": ("registered",),
    "verify_address": ("email_verified",),
    "resend_code": ("verification_requested",),
    "login": ("login",),
    "login_totp": ("login",),
    "choose_password": ("password_changed", "login"),
    # Written at most every few minutes for each session, as recorded in its row.
    "refresh": (),
    "logout": ("logout",),
    "forgot_password": ("password_reset_requested",),
    "reset_password": ("password_reset",),
    "change_password": ("password_changed",),
    "change_email": ("email_change_requested",),
    "confirm_email": ("email_changed",),
    "delete_account": ("user_deleted",),
    "enrol_totp": ("totp_enrolment_started",),
    "confirm_authenticator": ("totp_enabled",),
    "disable_totp": ("totp_disabled",),
    "renew_recovery_codes": ("recovery_codes_renewed",),
    "make_token": ("machine_token_made",),
    "revoke_token": ("machine_token_revoked",),
    "make_client": ("machine_token_made",),
    "revoke_client": ("machine_token_revoked",),
    # Written at most every few minutes for each API client, as recorded in the token's
    # `last_used_at`.
    "token": (),
    "end_session": ("session_ended",),
    "end_other_sessions": ("other_sessions_ended",),
    "invite": ("user_added",),
    "change_user": ("roles_changed", "user_disabled"),
    "delete_user": ("user_deleted",),
    "end_all_sessions_of_user": ("sessions_ended",),
    "end_session_of_user": ("session_ended",),
    "send_reset": ("password_reset_sent",),
    "remove_second_factor": ("second_factor_removed",),
    "rotate_keys": ("key_rotated",),
    "retire_key": ("key_retired",),
    "revoke_key": ("key_revoked",),
    "check_setup_code": (),
    "set_up": ("set_up",),
}

#: Endpoints whose events have no subject.
ABOUT_NOBODY = {"rotate_keys", "retire_key", "revoke_key"}


def written(service: ServiceUnderTest, request: Callable[[], object]) -> list[Event]:
    """Return the events that a request adds to the audit log."""
    log = service.parts.repositories.audit_log
    head = log.head()
    request()
    return [entry.event for entry in log.after(0 if head is None else head.seq, 1000)]


def test_every_writing_endpoint_has_a_row() -> None:
    assert EVENTS.keys() == WRITING.keys()


@on_sqlite
@pytest.mark.parametrize("one", WRITING.values(), ids=lambda one: one.name)
def test_successful_request_writes_exactly_its_events(
    service: ServiceUnderTest, one: Endpoint
) -> None:
    request = GOOD_REQUESTS[one.name](unthrottled(service))
    events = written(service, lambda: send(service, one, request))
    assert tuple(event.event for event in events) == EVENTS[one.name]
    for event in events:
        assert bool(event.subject) is (one.name not in ABOUT_NOBODY)
        assert event.address == "127.0.0.1"
        assert event.agent.startswith("Werkzeug/")
        if one.path.startswith("/admin/"):
            assert event.detail["actor"]


# Events of other requests ------------------------------------------------------------------


def _registered_again(service: ServiceUnderTest) -> Callable[[], object]:
    service.add()
    return lambda: service.post("/register", email=EMAIL, password=GOOD)


def _wrong_password(service: ServiceUnderTest) -> Callable[[], object]:
    service.add()
    return lambda: service.log_in(password=BETTER)


def _first_factor(service: ServiceUnderTest) -> Callable[[], object]:
    enrolled(service)
    return service.log_in


def _weak_password_to_replace(service: ServiceUnderTest) -> Callable[[], object]:
    user = service.add(password="otter juggle")
    service.parts.stores.users.require_password_review(user.id, system_clock())
    return lambda: service.log_in(password="otter juggle")


def _wrong_code(service: ServiceUnderTest) -> Callable[[], object]:
    enrolled(service)
    pending = service.log_in().get_json()["pending_token"]
    return lambda: service.post("/login/totp", pending_token=pending, code="no code")


def _recovery_code(service: ServiceUnderTest) -> Callable[[], object]:
    token, secret = enrolled(service)
    renewed = service.post(
        "/totp/recovery-codes", token, password=GOOD, code=totp_code(secret)
    ).get_json()
    pending = service.log_in().get_json()["pending_token"]
    code = renewed["recovery_codes"][0]
    return lambda: service.post("/login/totp", pending_token=pending, recovery_code=code)


def _login_beyond_the_limit(service: ServiceUnderTest) -> Callable[[], object]:
    service.add()
    service.app.config["WATCHWORD_SESSIONS_PER_SUBJECT"] = 1
    service.log_in()
    return service.log_in


def _wrong_password_again(service: ServiceUnderTest) -> Callable[[], object]:
    service.add()
    token = service.pair()["access_token"]
    return lambda: service.post("/tokens", token, password=BETTER, name="nightly")


def _reused(service: ServiceUnderTest) -> Callable[[], object]:
    service.add()
    first = service.pair()["refresh_token"]
    second = service.post("/refresh", first).get_json()["refresh_token"]
    service.post("/refresh", second)
    return lambda: service.post("/refresh", first)


def _repeated(service: ServiceUnderTest) -> Callable[[], object]:
    service.add()
    token = service.pair()["refresh_token"]
    service.post("/refresh", token)
    return lambda: service.post("/refresh", token)


def _changed(**body: object) -> Callable[[ServiceUnderTest], Callable[[], object]]:
    def make(service: ServiceUnderTest) -> Callable[[], object]:
        prepared: Request = about_a_user(**body)(service)
        service.parts.stores.users.disable(prepared.path["user_id"], 0.0)
        return lambda: send(service, ENDPOINTS["change_user"], prepared)

    return make


#: Events of requests that are not the successful request of their endpoint.
OTHERWISE: Mapping[
    str, tuple[Callable[[ServiceUnderTest], Callable[[], object]], tuple[str, ...]]
] = {
    "an address that has an account": (_registered_again, ("registered_again",)),
    "a wrong password": (_wrong_password, ("login_failed",)),
    "a password of two factors": (_first_factor, ("second_factor_asked",)),
    "a password too weak to be the only factor": (
        _weak_password_to_replace,
        ("password_change_required",),
    ),
    "a wrong code": (_wrong_code, ("second_factor_failed",)),
    "a login beyond the limit of sessions": (
        _login_beyond_the_limit,
        ("login", "oldest_sessions_ended"),
    ),
    "a recovery code": (_recovery_code, ("recovery_code_used", "login")),
    "a wrong password of who is signed in": (_wrong_password_again, ("reauthentication_failed",)),
    "a used refresh token": (_reused, ("refresh_reused",)),
    "a used refresh token within the grace period": (_repeated, ("refresh_repeated",)),
    "scopes, and no longer disabled": (
        _changed(scopes=["orders"], disabled=False),
        ("scopes_changed", "user_enabled"),
    ),
}

#: Events of commands; ``tests/cli`` and ``tests/infra`` check each of them.
BY_COMMANDS = {
    "audit_trimmed",
    "key_imported",
    "keys_resealed",
    "password_set",
    "users_imported",
}


@on_sqlite
@pytest.mark.parametrize(("prepare", "events"), OTHERWISE.values(), ids=OTHERWISE)
def test_other_request_writes_exactly_its_events(
    service: ServiceUnderTest,
    prepare: Callable[[ServiceUnderTest], Callable[[], object]],
    events: tuple[str, ...],
) -> None:
    found = written(service, prepare(unthrottled(service)))
    assert tuple(event.event for event in found) == events
    assert all(event.subject for event in found if event.event != "registered_again")


# Completeness of the tables ---------------------------------------------------------------


def test_every_event_in_the_source_is_in_a_table() -> None:
    named = {name for names in EVENTS.values() for name in names}
    named |= {name for _, names in OTHERWISE.values() for name in names}
    assert _events_of_the_source() == named | BY_COMMANDS


def test_every_event_in_the_source_is_declared_by_a_feature() -> None:
    declared = {name for feature in FEATURES for name in feature.audit_events}
    assert _events_of_the_source() == declared


def test_audit_page_names_every_event() -> None:
    page = text_of(ROOT / "docs" / "reference" / "audit-events.md")
    names = {row[0].strip("`") for row in table_rows(between(page, "events"))}
    assert names == _events_of_the_source()


def _events_of_the_source() -> set[str]:
    """Return the event names in the source."""
    package = Path(flask_watchword.__file__).parent
    found = {TRIMMED}  # the only name given as a constant
    for folder in ("accounts", "service", "cli"):
        for file in (package / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                found |= {name for given in _names_given(node) for name in _texts(given)}
    return found


def _names_given(node: ast.AST) -> list[ast.expr]:
    match node:
        # tx.audit("name", …), context.audit("name", …), append_entry(log, "name", …)
        case ast.Call(
            func=ast.Name("append_entry" | "_record" | "_remove") | ast.Attribute(attr="audit"),
            args=[*given],
        ):
            return given[:3]
        # yield "name", {…}
        case ast.Yield(value=ast.Tuple(elts=[name, ast.Dict()])):
            return [name]
    return []


def _texts(node: ast.expr) -> Iterator[str]:
    choices = [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]
    for one in choices:
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value:
            yield one.value
