"""`sid`, `jti` and `sub` of another issuer's token never refer to own sessions or users."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Blueprint, jsonify

from flask_watchword import Sessions, jwt_expired_token_required, jwt_required
from flask_watchword.extension.state import state_of
from tests.extension.issuers.others import Other, Place, options
from tests.infra.http.elapsed import Elapsed

CALLS = ("end", "end_all", "list", "revoke_token", "keep", "refresh")


@pytest.fixture
def sessions(place: Place) -> Iterator[Sessions]:
    sessions = Sessions(place.app)
    views: dict[str, Any] = {
        "end": sessions.end,
        "end_all": sessions.end_all,
        "list": sessions.list,
        "revoke_token": sessions.revoke_token,
        "keep": lambda: sessions.end_all("7", keep_current=True),
        "refresh": sessions.refresh,
    }
    assert tuple(views) == CALLS
    for name, call in views.items():
        view = jwt_required()(lambda call=call: jsonify(str(call())))
        place.app.add_url_rule(f"/call/{name}", f"call_{name}", view)
    place.app.add_url_rule("/expired", "expired", jwt_expired_token_required()(lambda: "expired"))
    yield sessions
    feed = state_of(place.app).revocations
    assert feed is not None
    feed.close()


@pytest.mark.parametrize("call", CALLS)
def test_token_of_another_issuer_cannot_access_own_sessions(
    place: Place, one: Other, sessions: Sessions, call: str
) -> None:
    with place.app.test_request_context():
        ours = sessions.start("7")
    token = one.token(sub="7", sid=ours.session_id, jti="x", gen=0)
    assert place.status_and_text(token, f"/call/{call}") == (
        422,
        "Only tokens of this application have sessions",
    )
    assert place.get(ours.access_token).status_code == 200
    with place.app.app_context():
        assert [session.id for session in sessions.list("7")] == [ours.session_id]


def test_own_token_can_access_its_sessions(place: Place, one: Other, sessions: Sessions) -> None:
    with place.app.test_request_context():
        ours = sessions.start("7")
    assert place.get(ours.access_token, "/call/list").status_code == 200
    assert place.get(ours.access_token, "/call/end").get_json() == "True"
    assert place.get(ours.access_token).status_code == 401


def test_revocation_does_not_apply_to_tokens_of_another_issuer(
    place: Place, one: Other, sessions: Sessions
) -> None:
    with place.app.test_request_context():
        ours = sessions.start("7")
        theirs = one.token(sub="7", sid=ours.session_id, jti="x", iat=int(time.time()) - 60)
        sessions.end(ours.session_id)
        sessions.end_all("7")
        sessions.revoke_token("x")
    assert place.get(ours.access_token).status_code == 401
    assert [place.get(theirs).status_code for _ in range(2)] == [200, 200]
    past: dict[str, Any] = {"iat": int(time.time()) - 600, "exp": int(time.time()) - 60}
    expired = one.token(sub="7", sid=ours.session_id, jti="x", **past)
    assert place.get(expired, "/expired").status_code == 200


def test_blueprint_can_reject_tokens_of_other_issuers(elapsed: Elapsed, one: Other) -> None:
    place = Place(elapsed, options(one))
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
    inner.add_url_rule("/inside", "inside", jwt_required()(lambda: "inside"))
    inner.add_url_rule("/old", "old", jwt_expired_token_required()(lambda: "old"))
    outer.register_blueprint(inner)
    place.app.register_blueprint(outer)
    state_of(place.app).own_token_blueprints.add("outer")
    refused = (422, "Only tokens of this application are allowed")
    assert place.status_and_text(one.token(), "/inside") == refused
    assert place.get(one.token()).status_code == 200
    assert place.status_and_text(one.token(), "/inside") == refused
    assert place.status_and_text(one.token(exp=int(time.time()) - 60), "/old") == refused
    assert place.get(place.own_token(), "/inside").status_code == 200
