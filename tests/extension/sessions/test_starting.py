"""The tokens of a login, and the limits that apply from the start."""

import pytest
from flask import Flask, json

from flask_watchword import JWTManager, Sessions, TokenPair
from tests.extension.sessions.conftest import MakeSite, on_every_store
from tests.extension.sessions.site import DAY, MINUTE, START, Site, refusal


def test_token_pair_describes_its_tokens(site: Site) -> None:
    ada = site.sign_in(fresh=True)
    access, spare = site.claims(ada.access), site.claims(ada.spare)
    now = int(START)
    assert access | {"jti": 0, "csrf": 0} == {
        "sub": "ada",
        "type": "access",
        "fresh": True,
        "iat": now,
        "nbf": now,
        "exp": now + 15 * MINUTE,
        "auth_time": now,
        "sid": ada.session_id,
        "jti": 0,
        "csrf": 0,
    }
    assert (spare["type"], spare["sid"], spare["gen"]) == ("refresh", ada.session_id, 1)
    assert spare["exp"] == now + 7 * DAY
    assert ada.pair["expires_in"] == 15 * MINUTE


def test_token_pair_is_a_json_object_with_four_members(site: Site) -> None:
    with site.app.test_request_context():
        pair = site.sessions.start("ada")
        assert isinstance(pair, TokenPair)
        members = json.loads(json.dumps(pair))
    assert members.keys() == {"access_token", "refresh_token", "expires_in", "session_id"}


@on_every_store
def test_protected_view_has_its_session_id(site: Site) -> None:
    ada = site.sign_in()
    assert ada.get().get_json()["sid"] == ada.session_id


@pytest.mark.parametrize(("fresh", "status"), [(True, 200), (False, 401)])
def test_tokens_are_fresh_on_request(site: Site, fresh: bool, status: int) -> None:
    assert site.sign_in(fresh=fresh).get("/fresh").status_code == status


def test_additional_claims_are_those_of_the_access_token(site: Site) -> None:
    ada = site.sign_in(additional_claims={"role": "admin"})
    assert site.claims(ada.access)["role"] == "admin"
    assert "role" not in site.claims(ada.spare)


def test_additional_claims_cannot_override_claims_of_the_session(site: Site) -> None:
    ada = site.sign_in(additional_claims={"sid": "x", "exp": 9e9, "auth_time": 0, "sub": "eve"})
    claims = site.claims(ada.access)
    assert (claims["sid"], claims["sub"]) == (ada.session_id, "ada")
    assert (claims["exp"], claims["auth_time"]) == (int(START) + 900, int(START))


@on_every_store
def test_numeric_subject_is_the_same_as_its_text(site: Site) -> None:
    with site.app.test_request_context():
        site.sessions.start(7)
        assert len(site.sessions.list(7)) == len(site.sessions.list("7")) == 1


def test_subject_with_a_nul_starts_no_session(site: Site) -> None:
    """Its refreshed tokens would have another subject."""
    with pytest.raises(ValueError, match="NUL"):
        site.sign_in("a\0b")


def test_identity_loader_decides_the_subject_of_the_session(site: Site) -> None:
    site.manager.user_identity_loader(lambda user: user["id"])
    with site.app.test_request_context():
        pair = site.sessions.start({"id": "ada"})
        assert site.claims(pair.access_token)["sub"] == "ada"
        assert [session.subject for session in site.sessions.list({"id": "ada"})] == ["ada"]


@on_every_store
def test_session_stores_address_and_agent_of_the_login(site: Site) -> None:
    device = {"HTTP_USER_AGENT": "Browser" * 100, "REMOTE_ADDR": "192.0.2.7"}
    with site.app.test_request_context(environ_base=device):
        site.sessions.start("ada")
        (session,) = site.sessions.list("ada")
    assert (session.address, session.agent) == ("192.0.2.7", ("Browser" * 100)[:256])


def test_session_can_be_started_outside_a_request(site: Site) -> None:
    with site.app.app_context():
        site.sessions.start("ada")
        assert [session.address for session in site.sessions.list("ada")] == [""]


@on_every_store
def test_login_beyond_the_limit_ends_the_oldest_session(make_site: MakeSite) -> None:
    site = make_site(WATCHWORD_SESSIONS_PER_SUBJECT=2)
    devices = []
    for _ in range(3):
        devices.append(site.sign_in())
        site.clock.now += 1
    other = site.sign_in("bob")
    assert refusal(devices[0].get()) == (401, "session_ended")
    assert refusal(devices[0].refresh()) == (401, "session_ended")
    assert [one.get().status_code for one in (*devices[1:], other)] == [200, 200, 200]


@on_every_store
def test_access_token_expires_with_a_shorter_session(make_site: MakeSite) -> None:
    site = make_site(WATCHWORD_SESSION_IDLE=60)
    ada = site.sign_in()
    assert ada.pair["expires_in"] == 60
    site.clock.now = START + 59
    assert ada.get().status_code == 200
    site.clock.now = START + 60
    assert ada.get().get_json() == {"msg": "Token has expired"}


def test_access_token_without_a_lifetime_expires_with_its_session(make_site: MakeSite) -> None:
    ada = make_site(JWT_ACCESS_TOKEN_EXPIRES=False).sign_in()
    assert ada.pair["expires_in"] == 7 * DAY


def test_sessions_need_a_manager() -> None:
    with pytest.raises(RuntimeError, match="JWTManager"):
        Sessions(Flask("bare"))


def test_error_without_sessions_has_a_remedy() -> None:
    app = Flask("bare")
    JWTManager(app)
    with app.app_context(), pytest.raises(RuntimeError, match="initialize Sessions"):
        Sessions().start("ada")
