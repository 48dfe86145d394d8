"""Logging out of one session or all of them, and revoking single tokens."""
# jwt_required() is typed Any, as Flask-JWT-Extended's is.
# mypy: disable-error-code=untyped-decorator

from datetime import timedelta
from typing import Any, Literal

import jwt
import pytest
from flask import jsonify

from flask_watchword import create_access_token, create_refresh_token, jwt_required
from tests.extension.sessions.conftest import MakeSite, on_every_store
from tests.extension.sessions.site import DAY, MINUTE, SECRET, START, Site, bearing, refusal

pytestmark = on_every_store

ENDED = (401, "session_ended")


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_logout_with_either_token_invalidates_both(site: Site, kind: str) -> None:
    ada, other = site.sign_in(), site.sign_in()
    assert ada.post("/end", ada.pair[kind]).get_json() is True
    assert refusal(ada.get()) == refusal(ada.refresh()) == ENDED
    assert other.get().status_code == 200


@pytest.mark.parametrize("path", ["/me", "/optional", "/fresh"])
def test_every_kind_of_view_rejects_an_ended_session(site: Site, path: str) -> None:
    ada = site.sign_in(fresh=True)
    assert ada.get(path).status_code == 200
    ada.post("/end")
    assert refusal(ada.get(path)) == ENDED


def test_view_without_the_check_does_not_query_the_store(site: Site) -> None:
    ada = site.sign_in()
    ada.post("/end")
    assert ada.get("/unchecked").status_code == 200


def test_blocklist_loader_is_called_as_well(site: Site) -> None:
    blocked: set[str] = set()
    site.manager.token_in_blocklist_loader(lambda _header, claims: claims["sub"] in blocked)
    ada = site.sign_in()
    assert ada.get().status_code == 200
    blocked.add("ada")
    assert ada.get().get_json() == {"msg": "Token has been revoked"}
    assert ada.get("/unchecked").status_code == 200


def test_subject_can_end_another_of_its_sessions(site: Site) -> None:
    here, there = site.sign_in(), site.sign_in()
    assert here.post(f"/end?session={there.session_id}").get_json() is True
    assert refusal(there.get()) == ENDED
    assert here.get().status_code == 200


def test_subject_cannot_end_the_session_of_another(site: Site) -> None:
    ada, eve = site.sign_in(), site.sign_in("eve")
    assert eve.post(f"/end?session={ada.session_id}").get_json() is False
    assert eve.post("/end?session=nothing").get_json() is False
    assert ada.get().status_code == 200


def test_ending_a_session_twice_returns_false(site: Site) -> None:
    ada = site.sign_in()
    with site.app.app_context():
        assert site.sessions.end(ada.session_id)
        assert not site.sessions.end(ada.session_id)


def test_ending_all_revokes_every_token_of_the_subject(site: Site) -> None:
    ada, other, bob = site.sign_in(), site.sign_in(), site.sign_in("bob")
    assert ada.post("/end-all").get_json() == 2
    assert [refusal(one.get()) for one in (ada, other)] == [ENDED] * 2
    assert [refusal(one.refresh()) for one in (ada, other)] == [ENDED] * 2
    assert bob.get().status_code == 200
    site.clock.now += 1
    assert site.sign_in().get().status_code == 200


def test_ending_all_others_keeps_the_current_one(site: Site) -> None:
    ada, other = site.sign_in(), site.sign_in()
    assert ada.post("/end-all?keep").get_json() == 1
    assert refusal(other.get()) == ENDED
    assert ada.get().status_code == ada.refresh().status_code == 200


@pytest.mark.parametrize("claim", ["sub", "identity"])
def test_ending_all_reaches_tokens_without_a_session(make_site: MakeSite, claim: str) -> None:
    site = make_site(JWT_IDENTITY_CLAIM=claim)
    client = site.app.test_client()
    with site.app.test_request_context():
        plain, others = create_access_token("ada"), create_access_token("bob")
        site.sessions.end_all("ada")
    assert refusal(client.get("/me", headers=bearing(plain))) == (401, "token_revoked")
    assert client.get("/me", headers=bearing(others)).status_code == 200
    site.clock.now += 1
    with site.app.test_request_context():
        later = create_access_token("ada")
    assert client.get("/me", headers=bearing(later)).status_code == 200


def test_ending_all_outlasts_the_longest_token_without_a_session(make_site: MakeSite) -> None:
    site = make_site(JWT_REFRESH_TOKEN_EXPIRES=365 * 86_400)
    with site.app.test_request_context():
        plain = create_refresh_token("ada")
        site.sessions.end_all("ada")
    site.clock.now += 364 * DAY
    site.feed.catch_up()
    site.feed.clean_up()
    answer = site.app.test_client().post("/refresh", headers=bearing(plain))
    assert refusal(answer) == (401, "token_revoked")


def test_current_token_without_a_session_is_revoked_alone(site: Site) -> None:
    client = site.app.test_client()
    with site.app.test_request_context():
        plain, other = create_access_token("ada"), create_access_token("ada")
    assert client.post("/end", headers=bearing(plain)).get_json() is True
    assert refusal(client.get("/me", headers=bearing(plain))) == (401, "token_revoked")
    assert client.get("/me", headers=bearing(other)).status_code == 200


@pytest.mark.parametrize("life", [False, timedelta(days=900)])
def test_revoked_current_token_stays_revoked_until_it_expires(
    site: Site, life: Literal[False] | timedelta
) -> None:
    client = site.app.test_client()
    with site.app.test_request_context():
        plain = create_access_token("ada", expires_delta=life)
    client.post("/end", headers=bearing(plain))
    site.clock.now += 899 * DAY
    site.feed._index.drop_expired(site.clock.now)
    assert refusal(client.get("/me", headers=bearing(plain))) == (401, "token_revoked")


@pytest.mark.parametrize("call", ["refresh", "list", "end_all"])
def test_call_without_the_optional_token_has_no_subject(site: Site, call: str) -> None:
    """Not even a subject named None."""
    user_named_none = site.sign_in("None")

    @site.app.post("/anybody")
    @jwt_required(refresh=call == "refresh", optional=True)
    def anybody() -> Any:
        return jsonify(getattr(site.sessions, call)())

    assert site.app.test_client().post("/anybody").status_code == 401
    assert user_named_none.get().status_code == 200


def test_logout_without_the_optional_token_ends_nothing(site: Site) -> None:
    @site.app.post("/leave")
    @jwt_required(optional=True)
    def leave() -> Any:
        return jsonify(site.sessions.end())

    assert site.app.test_client().post("/leave").get_json() is False


@pytest.mark.parametrize("named", [["x"], {"x": 1}, 5, 2**80, 1.5, True])
def test_invalid_session_id_from_a_client_ends_nothing(site: Site, named: Any) -> None:
    with site.app.test_request_context():
        assert site.sessions.end(named, subject="ada") is False


def test_subject_sees_its_sessions_with_the_last_used_first(site: Site) -> None:
    first, second = site.sign_in(), site.sign_in()
    site.sign_in("bob")
    site.clock.now += MINUTE
    first.refresh()
    assert first.get("/sessions").get_json() == [first.session_id, second.session_id]
    second.post("/end")
    assert first.get("/sessions").get_json() == [first.session_id]


def test_revoked_token_is_rejected_and_its_session_continues(site: Site) -> None:
    ada = site.sign_in()
    assert ada.post("/revoke").status_code == 204
    assert refusal(ada.get()) == (401, "token_revoked")
    assert ada.refresh().status_code == ada.get().status_code == 200


def test_token_is_revoked_by_its_id(site: Site) -> None:
    ada, bob = site.sign_in(), site.sign_in("bob")
    jti = site.claims(ada.access)["jti"]
    bob.post(f"/revoke?jti={jti}")
    assert refusal(ada.get()) == (401, "token_revoked")
    assert bob.get().status_code == 200


def test_token_without_an_id_cannot_be_revoked_alone(site: Site) -> None:
    claims = {"sub": "ada", "type": "access", "exp": START + 60}
    plain = jwt.encode(claims, SECRET, algorithm="HS256")
    client = site.app.test_client()
    assert client.post("/end", headers=bearing(plain)).get_json() is False
    site.app.testing = True
    with pytest.raises(ValueError, match="no jti"):
        client.post("/revoke", headers=bearing(plain))


def test_view_for_expired_tokens_rejects_those_of_ended_sessions(site: Site) -> None:
    site.sign_in().get()
    site.clock.now = START + 5  # the tokens are newer than the store
    ada, other = site.sign_in(), site.sign_in()
    ada.post("/end")
    site.clock.now = START + 16 * MINUTE
    assert refusal(ada.get("/expired")) == ENDED
    # Its entry has expired by now; the session itself is stored an hour longer, whenever the feed's
    # thread purges.
    site.clock.now = START + 7 * DAY + 30 * MINUTE
    site.feed._index.drop_expired(site.clock.now)
    assert len(site.feed._index) == 0
    site.feed._next_cleanup = 0.0
    site.feed.clean_up()
    assert refusal(ada.get("/expired")) == ENDED
    assert other.get("/expired").status_code == 200


def test_view_for_expired_tokens_rejects_those_of_purged_sessions(site: Site) -> None:
    site.sign_in().get()
    site.clock.now = START + 5
    ada = site.sign_in()
    site.clock.now = START + 40 * DAY
    while site.store.purge(site.clock.now, 100):
        pass
    assert refusal(ada.get("/expired")) == ENDED


def test_revocation_lasts_for_the_leeway_of_the_tokens(make_site: MakeSite) -> None:
    site = make_site(JWT_DECODE_LEEWAY=60, JWT_ACCESS_TOKEN_EXPIRES=900, WATCHWORD_SESSION_IDLE=900)
    ada = site.sign_in()
    ada.post("/end")
    site.clock.now = START + 900 + 59
    site.feed.catch_up()
    site.feed._index.drop_expired(site.clock.now)
    assert refusal(ada.get()) == ENDED
