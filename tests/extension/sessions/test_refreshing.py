"""Refresh: new values of the next tokens, and values that are not renewed."""

import pytest
from flask import Flask, Response, jsonify

from flask_watchword import (
    create_refresh_token,
    jwt_required,
    set_access_cookies,
    set_refresh_cookies,
)
from tests.extension.sessions.conftest import MakeSite, on_every_store
from tests.extension.sessions.site import DAY, HOUR, MINUTE, START, Site, bearing, refusal
from tests.releases import before

pytestmark = on_every_store


def test_each_refresh_returns_the_next_generation_of_the_same_session(site: Site) -> None:
    ada = site.sign_in()
    for generation in (2, 3, 4):
        site.clock.now += HOUR
        assert ada.refresh().status_code == 200
        claims = site.claims(ada.spare)
        assert (claims["gen"], claims["sid"]) == (generation, ada.session_id)
        assert ada.get().status_code == 200


def test_repeated_refresh_within_the_grace_period_gets_the_same_generation(site: Site) -> None:
    ada = site.sign_in()
    first = ada.spare
    ada.refresh()
    successor = ada.spare
    site.clock.now += 10
    assert ada.refresh(first).status_code == 200
    assert site.claims(ada.spare)["gen"] == site.claims(successor)["gen"] == 2
    assert ada.refresh(successor).status_code == 200


@pytest.mark.parametrize("path", ["/refresh", "/refresh-claiming-more"])
@pytest.mark.parametrize("loader", [False, True])
def test_neither_freshness_nor_the_login_time_is_renewed(
    site: Site, path: str, loader: bool
) -> None:
    if loader:
        site.manager.additional_claims_loader(lambda _: {"fresh": True, "auth_time": 9, "exp": 9e9})
    ada = site.sign_in(fresh=True)
    site.clock.now += HOUR
    pair = ada.post(path, ada.spare).get_json()
    claims = site.claims(pair["access_token"])
    assert (claims["fresh"], claims["auth_time"]) == (False, int(START))
    assert (claims["sid"], claims["exp"]) == (ada.session_id, int(START + HOUR) + 900)
    assert ada.get("/fresh", pair["access_token"]).status_code == 401


def test_additional_claims_of_a_refresh_are_those_of_its_access_token(site: Site) -> None:
    ada = site.sign_in()
    pair = ada.post("/refresh-claiming-more", ada.spare).get_json()
    assert site.claims(pair["access_token"])["role"] == "admin"


def test_claims_loaders_are_called_again(site: Site) -> None:
    roles = {"ada": "clerk"}
    site.manager.additional_claims_loader(lambda subject: {"role": roles[subject]})
    ada = site.sign_in()
    roles["ada"] = "admin"
    assert ada.get().get_json()["role"] == "clerk"
    ada.refresh()
    assert ada.get().get_json()["role"] == "admin"


def test_unknown_user_gets_no_tokens(site: Site) -> None:
    users = {"ada"}
    site.manager.user_lookup_loader(
        lambda _header, claims: claims["sub"] if claims["sub"] in users else None
    )
    ada = site.sign_in()
    users.clear()
    assert ada.refresh().status_code == 401
    users.add("ada")
    assert ada.refresh().status_code == 200
    assert site.claims(ada.spare)["gen"] == 2


def test_loaders_receive_the_identity_of_the_refresh_token(site: Site) -> None:
    site.manager.user_identity_loader(lambda user: user["id"])
    site.manager.additional_claims_loader(lambda user: {"role": user["role"]})
    site.app.add_url_rule(
        "/refresh-user",
        view_func=jwt_required(refresh=True)(
            lambda: jsonify(site.sessions.refresh({"id": "ada", "role": "admin"}))
        ),
    )
    with site.app.test_request_context():
        spare = site.sessions.start({"id": "ada", "role": "clerk"}).refresh_token
    pair = site.app.test_client().get("/refresh-user", headers=bearing(spare)).get_json()
    claims = site.claims(pair["access_token"])
    assert (claims["sub"], claims["role"]) == ("ada", "admin")


@pytest.mark.parametrize(("after", "status"), [(7 * DAY - 1, 200), (7 * DAY, 401)])
def test_session_without_a_refresh_expires(site: Site, after: float, status: int) -> None:
    ada = site.sign_in()
    site.clock.now = START + after
    assert ada.refresh().status_code == status


def test_session_ends_at_its_absolute_lifetime(site: Site) -> None:
    ada = site.sign_in()
    for day in (6, 12, 18, 24, 29):
        site.clock.now = START + day * DAY
        assert ada.refresh().status_code == 200
    site.clock.now = START + 30 * DAY - 5 * MINUTE
    assert ada.refresh().status_code == 200
    end = int(START + 30 * DAY)
    assert site.claims(ada.access)["exp"] == site.claims(ada.spare)["exp"] == end
    assert ada.pair["expires_in"] == 5 * MINUTE
    site.clock.now = START + 30 * DAY
    assert ada.get().status_code == ada.refresh().status_code == 401


def test_expired_session_is_not_refreshed_even_within_the_leeway(
    make_site: MakeSite,
) -> None:
    site = make_site(JWT_DECODE_LEEWAY=60)
    ada = site.sign_in()
    site.clock.now = START + 7 * DAY + 1
    assert refusal(ada.refresh()) == (401, "session_ended")


def test_access_token_cannot_refresh(site: Site) -> None:
    ada = site.sign_in()
    assert ada.refresh(ada.access).status_code == 422
    assert ada.post("/refresh-with-any", ada.access).status_code == 422
    assert ada.post("/refresh-with-any", ada.spare).status_code == 200


@pytest.mark.parametrize(
    "claims",
    [{}, {"gen": 1}, {"sid": None, "gen": 1}, {"sid": 5, "gen": 1}, {"sid": [], "gen": 1},
     {"sid": "other", "gen": 1}, {"gen": "1", "sid": "ada"}, {"gen": True, "sid": "ada"},
     {"gen": 1.0, "sid": "ada"}, {"gen": None, "sid": "ada"}, {"sid": "ada"}],
)  # fmt: skip
def test_refresh_token_without_a_session_is_rejected(site: Site, claims: dict[str, object]) -> None:
    ada = site.sign_in()
    if claims.get("sid") == "ada":
        claims = {**claims, "sid": ada.session_id}
    with site.app.test_request_context():
        token = create_refresh_token("ada", additional_claims=claims)
    answer = ada.post("/refresh", token)
    assert answer.status_code == 401
    assert answer.get_json()["code"] in ("session_ended", "token_revoked")
    assert ada.refresh().status_code == 200
    assert site.claims(ada.spare)["gen"] == 2


@pytest.mark.skipif(before("Werkzeug", 2, 3), reason="its client shows no cookies")
def test_refresh_works_with_cookies_as_with_headers(site: Site) -> None:
    _add_cookie_views(site.app, site)
    client = site.app.test_client()
    client.post("/cookies/sign-in")
    assert client.get("/me").get_json()["sub"] == "ada"
    assert client.post("/cookies/refresh").status_code == 401  # the double submit value is missing
    for _ in range(2):
        cookie = client.get_cookie("csrf_refresh_token")
        assert cookie is not None
        answer = client.post("/cookies/refresh", headers={"X-CSRF-TOKEN": cookie.value})
        assert answer.status_code == 204
        assert client.get("/me").status_code == 200
    (session,) = site.store.of_subject("ada", START)
    assert session.generation == 3


def _add_cookie_views(app: Flask, site: Site) -> None:
    def with_cookies(refresh: bool) -> Response:
        pair = site.sessions.refresh() if refresh else site.sessions.start("ada")
        response = app.response_class(status=204)
        set_access_cookies(response, pair.access_token)
        set_refresh_cookies(response, pair.refresh_token)
        return response

    app.add_url_rule(
        "/cookies/sign-in", "cookies_in", lambda: with_cookies(False), methods=["POST"]
    )
    again = jwt_required(refresh=True)(lambda: with_cookies(True))
    app.add_url_rule("/cookies/refresh", "cookies_again", again, methods=["POST"])
