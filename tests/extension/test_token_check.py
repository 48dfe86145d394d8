"""Explanations of rejections: the rejecting step has the response of a protected view."""

import re
import time
from typing import Any

import pytest
from flask import Flask, jsonify

from flask_watchword import JWTManager, Sessions, create_access_token, jwt_required
from flask_watchword.extension.explain.token_check import TokenCheck, check_token
from flask_watchword.extension.sessions.session_context import SESSIONS_KEY
from flask_watchword.jose.explain import Outcome
from flask_watchword.sessions.revocation import Revocation, RevocationKind
from tests.extension.minted_tokens import STATES, token_in_state
from tests.extension.signing_keys import HMAC_SECRET, key_pair

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "strict": {"JWT_PROFILE": "strict"},
    "asking": {"JWT_DECODE_AUDIENCE": "our-audience", "JWT_DECODE_ISSUER": "our-issuer"},
    "tolerant": {"JWT_DECODE_LEEWAY": 7200, "JWT_VERIFY_SUB": False},
    "by identity": {"JWT_IDENTITY_CLAIM": "identity"},
    "of no kind": {"JWT_HEADER_TYPE": ""},
}


def application(**options: Any) -> Flask:
    app = Flask("shop")
    app.config.update(JWT_SECRET_KEY=HMAC_SECRET, **options)
    JWTManager(app)
    app.get("/", endpoint="plain")(jwt_required()(lambda: jsonify()))
    app.get("/refresh", endpoint="refresh")(jwt_required(refresh=True)(lambda: jsonify()))
    return app


def refusals(check: TokenCheck) -> list[Any]:
    return [step.name for step in check.steps if step.outcome is Outcome.REFUSED]


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("path", ["/", "/refresh"])
def test_verdict_and_steps_agree_with_the_view_on_every_token(
    path: str, options: dict[str, Any]
) -> None:
    app = application(**options)
    for state in STATES:
        token = token_in_state(state, "HS256")
        kind = app.config["JWT_HEADER_TYPE"]
        # As servers pass headers on.
        sent = {"HTTP_AUTHORIZATION": f"{kind} {token}".lstrip().encode().decode("latin-1")}
        answer = app.test_client().get(path, environ_overrides=sent)
        check = check_token(app, token.encode().decode("latin-1"), refresh=path == "/refresh")
        said = (answer.get_json() or {}).get("msg")
        assert check.verdict.accepted == (answer.status_code == 200), state
        assert check.verdict.msg == said, state
        assert len(refusals(check)) == (0 if check.verdict.accepted else 1), (state, check.steps)


def test_steps_after_a_rejection_are_not_reached() -> None:
    check = check_token(application(), token_in_state("wrong-key", "HS256"), refresh=False)
    outcomes = [step.outcome for step in check.steps]
    at = outcomes.index(Outcome.REFUSED)
    assert check.steps[at].name == "signature"
    assert set(outcomes[:at]) == {Outcome.OK}
    assert set(outcomes[at + 1 :]) == {Outcome.NOT_REACHED}


def test_loaders_of_the_application_are_steps() -> None:
    app = application()
    manager = app.extensions["flask-jwt-extended"]
    manager.token_in_blocklist_loader(lambda _h, claims: claims["jti"] == "revoked")
    manager.token_verification_loader(lambda _h, claims: "unwelcome" not in claims)
    manager.user_lookup_loader(lambda _h, claims: None if claims["sub"] == "nobody" else "user")
    found = {
        state: refusals(check_token(app, token_in_state(state, "HS256"), refresh=False))
        for state in ("valid", "revoked", "unwelcome", "stranger")
    }
    assert found == {
        "valid": [],
        "revoked": ["blocklist loader"],
        "unwelcome": ["verification loader"],
        "stranger": ["user lookup loader"],
    }


def test_key_from_a_loader_is_verified_by_the_view_itself() -> None:
    app = application()
    manager = app.extensions["flask-jwt-extended"]
    manager.decode_key_loader(lambda _h, _c: key_pair("HS256", "theirs").public)
    check = check_token(app, token_in_state("wrong-key", "HS256"), refresh=False)
    assert (check.verdict.accepted, refusals(check)) == (True, [])
    check = check_token(app, token_in_state("valid", "HS256"), refresh=False)
    assert (check.verdict.accepted, refusals(check)) == (False, ["form, signature and claims"])


def test_ended_session_is_the_step_that_rejects() -> None:
    app = application(JWT_TOKEN_LOCATION=["cookies", "headers"])
    sessions = Sessions(app)
    with app.app_context():
        alive, ended = sessions.start("ada"), sessions.start("ada")
        sessions.end(ended.session_id)
        alone = create_access_token("eve")
        sessions.end_all("eve")
    assert refusals(check_token(app, alive.access_token, refresh=False)) == []
    check = check_token(app, ended.access_token, refresh=False)
    assert (check.verdict.code, refusals(check)) == ("session_ended", ["session"])
    (step,) = (step for step in check.steps if step.name == "session")
    assert ", ended now: signed_out" in step.says
    check = check_token(app, alone, refresh=False)
    assert (check.verdict.code, refusals(check)) == ("token_revoked", ["subject not revoked"])


def test_revoked_and_valid_tokens_of_a_subject_are_distinguished() -> None:
    app = application(JWT_TOKEN_LOCATION=["cookies", "headers"])
    sessions = Sessions(app)
    now = time.time()
    with app.app_context():
        store = app.extensions[SESSIONS_KEY]
        store.revoke(Revocation(RevocationKind.SUBJECT, "eve", now - 12_600.0, now + 900.0))
        in_session = sessions.start("eve").access_token
        newer = create_access_token("eve")
        older = create_access_token("eve", additional_claims={"iat": now - 18_000.0})
        of_nobody = create_access_token("ada")
    found = {}
    for name, token in (
        ("in a session", in_session),
        ("newer", newer),
        ("older", older),
        ("of nobody", of_nobody),
    ):
        check = check_token(app, token, refresh=False)
        (step,) = (step for step in check.steps if step.name == "subject not revoked")
        found[name] = (check.verdict.accepted, re.sub(r"\d+ s ago", "now", step.says))
    until = "tokens without a session issued until 3 h 30 min ago are revoked; this token"
    assert found == {
        "in a session": (True, f"{until} has a session, so it is not affected"),
        "newer": (True, f"{until} was issued now, after it"),
        "older": (False, f"{until} was issued 5 h ago, before it: Token has been revoked"),
        "of nobody": (True, "not revoked"),
    }


def test_revocation_of_a_subject_that_is_a_number_is_described() -> None:
    app = application(JWT_VERIFY_SUB=False, JWT_TOKEN_LOCATION=["cookies", "headers"])
    sessions = Sessions(app)
    with app.app_context():
        token = create_access_token("7", additional_claims={"sub": 7})
        sessions.end_all("7")
    check = check_token(app, token, refresh=False)
    (step,) = (step for step in check.steps if step.name == "subject not revoked")
    assert (check.verdict.code, step.outcome) == ("token_revoked", Outcome.REFUSED)
    assert "are revoked; this token was issued" in step.says


def test_response_of_the_applications_views_is_not_predicted() -> None:
    check = check_token(application(), token_in_state("valid", "HS256"), refresh=False)
    assert (check.verdict.accepted, check.verdict.status) == (True, None)
