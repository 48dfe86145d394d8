"""The first admin, created with the code of the link that is printed at startup."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug.test import TestResponse

from flask_watchword.clock import system_clock
from flask_watchword.service.features.bootstrap_admin.flow import offer_setup
from tests.service.site import BETTER, EMAIL, GOOD, Site

BOSS = "boss@example.com"


def offered(ours: Site, later: float = 0.0) -> str | None:
    now = system_clock() + later
    return ours.parts.stores.accounts.run(lambda stores: offer_setup(stores, now))


def user_id(ours: Site) -> str:
    user = ours.user(BOSS)
    assert user is not None
    return user.id


def set_up(ours: Site, code: str | None, email: str = BOSS, password: str = GOOD) -> TestResponse:
    return ours.post("/setup", code=code, email=email, password=password)


def test_code_creates_an_admin_who_then_logs_in(ours: Site) -> None:
    answer = set_up(ours, offered(ours))
    assert answer.status_code == 201
    user = ours.user(BOSS)
    assert user is not None
    assert answer.get_json() == {"id": user.id, "email": BOSS}
    assert user.roles == {"admin"}
    assert user.email_verified_at is not None
    assert ours.events() == ["set_up"]
    token = ours.pair(BOSS)["access_token"]
    assert ours.ask("GET", "/admin/users", token).status_code == 200


def test_code_is_single_use(ours: Site) -> None:
    code = offered(ours)
    assert set_up(ours, code).status_code == 201
    answer = set_up(ours, code, "another@example.com")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_code")
    assert ours.user("another@example.com") is None
    # Nor after that user loses the admin role.
    ours.parts.stores.users.set_roles(user_id(ours), frozenset())
    assert set_up(ours, code, "another@example.com").status_code == 400


@pytest.mark.parametrize("code", ["", "a" * 43, "\0"])
def test_another_code_is_rejected(ours: Site, code: str) -> None:
    offered(ours)
    answer = set_up(ours, code)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_code")


def test_emailed_codes_are_rejected(ours: Site) -> None:
    ours.post("/register", email=EMAIL, password=GOOD)
    assert set_up(ours, ours.code()).status_code == 400


def test_code_expires_after_an_hour(ours: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set_up(ours, offered(ours, -3_601)).status_code == 400


def test_there_is_one_code_at_a_time_and_none_once_there_is_an_admin(ours: Site) -> None:
    code = offered(ours)
    assert offered(ours) is None
    assert offered(ours, 3_601) is not None
    # The later code has replaced the first.
    assert set_up(ours, code).status_code == 400
    boss = ours.add(BOSS)
    ours.parts.stores.users.set_roles(boss.id, frozenset({"admin"}))
    assert offered(ours, 9_999) is None


def test_code_is_invalid_once_another_user_became_admin(ours: Site) -> None:
    code = offered(ours)
    ada = ours.add(EMAIL)
    ours.parts.stores.users.set_roles(ada.id, frozenset({"admin"}))
    assert set_up(ours, code).status_code == 400
    assert ours.user(BOSS) is None


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"password": "short"}, 422, "invalid_field"),
        ({"email": "nobody"}, 422, "invalid_field"),
        ({"email": EMAIL}, 409, "email_taken"),
    ],
)
def test_other_rejections_do_not_use_up_the_code(
    ours: Site, change: dict[str, Any], status: int, code: str
) -> None:
    ours.add(EMAIL)
    text = offered(ours)
    answer = set_up(ours, text, **change)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert set_up(ours, text, "other@example.com", BETTER).status_code == 201


def test_one_of_two_concurrent_requests_creates_an_admin(ours: Site) -> None:
    code = offered(ours)
    app = ours.app

    def race(n: int) -> int:
        body = {"code": code, "email": f"boss{n}@example.com", "password": GOOD}
        return app.test_client().post("/setup", json=body).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(race, range(4)))
    assert statuses[0] == 201
    assert statuses[1:] == [400] * 3
    assert len(ours.parts.stores.users.hold_admins()) == 1


def check(ours: Site, code: str | None) -> tuple[int, Any]:
    answer = ours.post("/setup/check", code=code)
    return answer.status_code, answer.get_json()


def test_checking_a_code_does_not_use_it_up(ours: Site) -> None:
    code = offered(ours)
    assert [check(ours, code) for _ in range(2)] == [(200, {"min_password_characters": 15})] * 2
    assert set_up(ours, code).status_code == 201
    status, body = check(ours, code)
    assert (status, body["code"]) == (400, "invalid_code")


def test_no_code_is_valid_once_an_admin_was_created_otherwise(ours: Site) -> None:
    code = offered(ours)
    boss = ours.add(BOSS)
    ours.parts.stores.users.set_roles(boss.id, frozenset({"admin"}))
    assert check(ours, code)[0] == 400


def test_checks_of_guessed_codes_are_rate_limited(ours: Site) -> None:
    statuses = [check(ours, "a" * 43)[0] for _ in range(25)]
    assert (statuses[0], statuses[-1]) == (400, 429)


def test_guesses_are_rate_limited(ours: Site) -> None:
    statuses = [set_up(ours, "a" * 43).status_code for _ in range(25)]
    assert statuses[0] == 400
    assert statuses[-1] == 429
