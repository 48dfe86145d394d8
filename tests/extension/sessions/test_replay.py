"""A reused refresh token ends its session, whichever client sends it."""

import pytest

from flask_watchword.infra.errors import StoreUnavailable
from tests.extension.sessions.conftest import MakeSite, on_every_store
from tests.extension.sessions.site import START, SignedIn, Site, refusal

pytestmark = on_every_store

REUSED = (401, "refresh_reused")
ENDED = (401, "session_ended")


def assert_ended(site: Site, ada: SignedIn) -> None:
    session = site.store.get(ada.session_id)
    assert session is not None
    assert session.end_reason == "refresh_reused"
    assert refusal(ada.get()) == ENDED
    assert refusal(ada.refresh()) == REUSED


def test_reused_refresh_token_after_the_grace_period_ends_the_session(site: Site) -> None:
    ada = site.sign_in()
    first = ada.spare
    ada.refresh()
    site.clock.now += 10.5
    answer = ada.refresh(first)
    assert answer.get_json() == {"msg": "Token has been revoked", "code": "refresh_reused"}
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert_ended(site, ada)


def test_refresh_token_two_generations_old_ends_the_session(site: Site) -> None:
    ada = site.sign_in()
    first = ada.spare
    ada.refresh()
    ada.refresh()
    assert refusal(ada.refresh(first)) == REUSED
    assert_ended(site, ada)


@pytest.mark.parametrize("old", range(9))
def test_reuse_of_each_token_of_ten_rotations_within_one_second_is_detected(
    site: Site, old: int
) -> None:
    ada = site.sign_in()
    spent = []
    for _ in range(10):
        spent.append(ada.spare)
        assert ada.refresh().status_code == 200
    assert site.clock.now == START
    assert refusal(ada.refresh(spent[old])) == REUSED
    assert_ended(site, ada)


def test_without_a_grace_period_every_second_use_is_a_reuse(make_site: MakeSite) -> None:
    site = make_site(WATCHWORD_REFRESH_GRACE=0)
    ada = site.sign_in()
    first = ada.spare
    assert ada.refresh().status_code == 200
    assert refusal(ada.refresh(first)) == REUSED
    assert_ended(site, ada)


def test_second_reuse_gets_the_same_code(site: Site) -> None:
    ada = site.sign_in()
    first = ada.spare
    ada.refresh()
    ada.refresh()
    assert [refusal(ada.refresh(first)) for _ in range(3)] == [REUSED] * 3


def test_other_sessions_of_the_subject_continue(site: Site) -> None:
    ada, other = site.sign_in(), site.sign_in()
    first = ada.spare
    ada.refresh()
    ada.refresh()
    ada.refresh(first)
    assert other.get().status_code == other.refresh().status_code == 200


def test_loader_for_revoked_tokens_responds_to_a_reuse(site: Site) -> None:
    site.manager.revoked_token_loader(lambda _header, claims: ({"gone": claims["gen"]}, 410))
    ada = site.sign_in()
    first = ada.spare
    ada.refresh()
    ada.refresh()
    answer = ada.refresh(first)
    assert (answer.status_code, answer.get_json()) == (410, {"gone": 1})


def test_message_key_is_the_configured_one(make_site: MakeSite) -> None:
    site = make_site(JWT_ERROR_MESSAGE_KEY="message")
    ada = site.sign_in()
    ada.post("/end")
    body = ada.get().get_json()
    assert body == {"message": "Token has been revoked", "code": "session_ended"}


def test_unknown_end_reason_while_the_store_is_down_is_503(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = site.sign_in()
    first = ada.spare
    ada.refresh()
    site.clock.now += 10.5
    assert refusal(ada.refresh(first)) == REUSED

    def fail(_session_id: str) -> None:
        raise StoreUnavailable("it went down since")

    with monkeypatch.context() as down:
        down.setattr(site.store, "get", fail)
        answer = ada.refresh(first)
        assert refusal(answer) == (503, "store_unavailable")
        assert int(answer.headers["Retry-After"]) > 0
        # The revocation of an access token is known without the store.
        assert refusal(ada.get()) == ENDED
    assert_ended(site, ada)
