"""The first admin, created with the code of the link that is printed at startup."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug.test import TestResponse

from flask_watchword.clock import system_clock
from flask_watchword.service.features.bootstrap_admin.flow import offer_setup
from tests.service.under_test import BETTER, EMAIL, GOOD, ServiceUnderTest

BOSS = "boss@example.com"


def offered(service: ServiceUnderTest, later: float = 0.0) -> str | None:
    now = system_clock() + later
    return service.parts.stores.accounts.run(lambda stores: offer_setup(stores, now))


def user_id(service: ServiceUnderTest) -> str:
    user = service.user(BOSS)
    assert user is not None
    return user.id


def set_up(
    service: ServiceUnderTest, code: str | None, email: str = BOSS, password: str = GOOD
) -> TestResponse:
    return service.post("/setup", code=code, email=email, password=password)


def test_code_creates_an_admin_who_then_logs_in(service: ServiceUnderTest) -> None:
    answer = set_up(service, offered(service))
    assert answer.status_code == 201
    user = service.user(BOSS)
    assert user is not None
    assert answer.get_json() == {"id": user.id, "email": BOSS}
    assert user.roles == {"admin"}
    assert user.email_verified_at is not None
    assert service.events() == ["set_up"]
    token = service.pair(BOSS)["access_token"]
    assert service.ask("GET", "/admin/users", token).status_code == 200


def test_code_is_single_use(service: ServiceUnderTest) -> None:
    code = offered(service)
    assert set_up(service, code).status_code == 201
    answer = set_up(service, code, "another@example.com")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_code")
    assert service.user("another@example.com") is None
    # Nor after that user loses the admin role.
    service.parts.stores.users.set_roles(user_id(service), frozenset())
    assert set_up(service, code, "another@example.com").status_code == 400


@pytest.mark.parametrize("code", ["", "a" * 43, "\0"])
def test_another_code_is_rejected(service: ServiceUnderTest, code: str) -> None:
    offered(service)
    answer = set_up(service, code)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_code")


def test_emailed_codes_are_rejected(service: ServiceUnderTest) -> None:
    service.post("/register", email=EMAIL, password=GOOD)
    assert set_up(service, service.code()).status_code == 400


def test_code_expires_after_an_hour(
    service: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set_up(service, offered(service, -3_601)).status_code == 400


def test_there_is_one_code_at_a_time_and_none_once_there_is_an_admin(
    service: ServiceUnderTest,
) -> None:
    code = offered(service)
    assert offered(service) is None
    assert offered(service, 3_601) is not None
    # The later code has replaced the first.
    assert set_up(service, code).status_code == 400
    boss = service.add(BOSS)
    service.parts.stores.users.set_roles(boss.id, frozenset({"admin"}))
    assert offered(service, 9_999) is None


def test_code_is_invalid_once_another_user_became_admin(service: ServiceUnderTest) -> None:
    code = offered(service)
    ada = service.add(EMAIL)
    service.parts.stores.users.set_roles(ada.id, frozenset({"admin"}))
    assert set_up(service, code).status_code == 400
    assert service.user(BOSS) is None


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"password": "short"}, 422, "invalid_field"),
        ({"email": "nobody"}, 422, "invalid_field"),
        ({"email": EMAIL}, 409, "email_taken"),
    ],
)
def test_other_rejections_do_not_use_up_the_code(
    service: ServiceUnderTest, change: dict[str, Any], status: int, code: str
) -> None:
    service.add(EMAIL)
    text = offered(service)
    answer = set_up(service, text, **change)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert set_up(service, text, "other@example.com", BETTER).status_code == 201


def test_one_of_two_concurrent_requests_creates_an_admin(service: ServiceUnderTest) -> None:
    code = offered(service)
    app = service.app

    def race(n: int) -> int:
        body = {"code": code, "email": f"boss{n}@example.com", "password": GOOD}
        return app.test_client().post("/setup", json=body).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(race, range(4)))
    assert statuses[0] == 201
    assert statuses[1:] == [400] * 3
    assert len(service.parts.stores.users.hold_admins()) == 1


def check(service: ServiceUnderTest, code: str | None) -> tuple[int, Any]:
    answer = service.post("/setup/check", code=code)
    return answer.status_code, answer.get_json()


def test_checking_a_code_does_not_use_it_up(service: ServiceUnderTest) -> None:
    code = offered(service)
    assert [check(service, code) for _ in range(2)] == [(200, {"min_password_characters": 15})] * 2
    assert set_up(service, code).status_code == 201
    status, body = check(service, code)
    assert (status, body["code"]) == (400, "invalid_code")


def test_no_code_is_valid_once_an_admin_was_created_otherwise(service: ServiceUnderTest) -> None:
    code = offered(service)
    boss = service.add(BOSS)
    service.parts.stores.users.set_roles(boss.id, frozenset({"admin"}))
    assert check(service, code)[0] == 400


def test_checks_of_guessed_codes_are_rate_limited(service: ServiceUnderTest) -> None:
    statuses = [check(service, "a" * 43)[0] for _ in range(25)]
    assert (statuses[0], statuses[-1]) == (400, 429)


def test_guesses_are_rate_limited(service: ServiceUnderTest) -> None:
    statuses = [set_up(service, "a" * 43).status_code for _ in range(25)]
    assert statuses[0] == 400
    assert statuses[-1] == 429
