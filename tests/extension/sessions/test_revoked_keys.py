"""A stolen key: every token signed with it is rejected, whatever its claims."""

from collections.abc import Sequence

import jwt

from flask_watchword import create_access_token
from flask_watchword.extension.state import state_of
from flask_watchword.jose import Key
from flask_watchword.sessions.revocation import Revocation, RevocationKind
from tests.extension.sessions.conftest import MakeSite, on_every_store
from tests.extension.sessions.shared_store import Connection, Shared
from tests.extension.sessions.site import DAY, SECRET, Site, bearing, refusal

REVOKED = (401, "key_revoked")
STOLEN = Key.load(SECRET, "HS256", kid="stolen")
OTHER = Key.load("o" * 32, "HS256", kid="other")


class TwoKeys:
    """A key source whose first key signs."""

    def __init__(self) -> None:
        self.keys = [STOLEN, OTHER]

    def signing_key(self) -> Key:
        return self.keys[0]

    def verifying_keys(self) -> Sequence[Key]:
        return self.keys

    def refresh(self, kid: str) -> bool:
        return False


def with_two_keys(site: Site) -> TwoKeys:
    source = TwoKeys()
    state_of(site.app).key_provider = source
    state_of(site.app).keys_changed()
    return source


def revoke(site: Site, kid: str = "stolen") -> None:
    with site.app.test_request_context():
        site.sessions.revoke_key(kid)


@on_every_store
def test_tokens_of_a_revoked_key_are_rejected_and_those_of_another_are_not(site: Site) -> None:
    source = with_two_keys(site)
    ada = site.sign_in()
    source.keys.reverse()
    bob = site.sign_in("bob")
    assert ada.get().status_code == bob.get().status_code == 200
    revoke(site)
    assert refusal(ada.get()) == refusal(ada.refresh()) == REVOKED
    assert bob.get().status_code == 200


def test_token_of_a_revoked_key_without_a_kid_is_rejected(site: Site) -> None:
    with_two_keys(site)
    ada = site.sign_in()
    claims = jwt.decode(ada.pair["access_token"], options={"verify_signature": False})
    forged = jwt.encode(claims, SECRET, "HS256")
    client = site.app.test_client()
    assert client.get("/me", headers=bearing(forged)).status_code == 200
    revoke(site)
    assert refusal(client.get("/me", headers=bearing(forged))) == REVOKED


def test_key_without_a_kid_is_revoked_by_the_kid_of_its_tokens(site: Site) -> None:
    with site.app.test_request_context():
        token = create_access_token("ada", additional_headers={"kid": "stolen"})
    client = site.app.test_client()
    assert client.get("/me", headers=bearing(token)).status_code == 200
    revoke(site)
    assert refusal(client.get("/me", headers=bearing(token))) == REVOKED
    assert site.sign_in().get().status_code == 200


def test_revocation_of_a_key_lasts_as_long_as_its_tokens(site: Site) -> None:
    with_two_keys(site)
    ada = site.sign_in()
    revoke(site)
    site.clock.now += DAY
    assert refusal(ada.refresh()) == REVOKED


def test_stale_copy_without_the_log_queries_the_store_for_the_key(
    make_site: MakeSite,
) -> None:
    shared, moment = Shared(), [0.0]
    connection = Connection(shared)
    site = make_site(WATCHWORD_SESSION_STORE=connection, WATCHWORD_REVOCATION_STALENESS=2)
    site.feed.elapsed = lambda: moment[0]
    with_two_keys(site)
    ada = site.sign_in()
    assert ada.get().status_code == 200
    now = site.clock.now
    shared.memory.revoke(Revocation(RevocationKind.KEY, "stolen", now, now + DAY))
    moment[0] += 2
    connection.log_is_down = True
    assert refusal(ada.get()) == REVOKED
    assert connection.asked[-1] == "find_revocations"
