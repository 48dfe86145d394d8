from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from flask_watchword.accounts.passwords import HashProfile, Passwords
from flask_watchword.accounts.user_store import EmailTaken
from flask_watchword.accounts.users import User, new_user
from flask_watchword.service.app import create_app, expired_demo_token
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.features.demo.demo_user import (
    DEMO_EMAIL,
    DEMO_PASSWORD,
    add_demo_user,
    refuse_demo_user,
)
from flask_watchword.service.stores import opened_users, prepare
from tests.memory_stores.users import MemoryUserStore
from tests.service.conftest import bearer

QUICK = Passwords(HashProfile(memory_kib=8, time_cost=1, parallelism=1))


def moment() -> float:
    return 1_700_000_000.0


@pytest.fixture
def demo(tmp_path: Path) -> Settings:
    return Settings(database=f"sqlite:///{tmp_path}/demo.db", demo=True, workers=1)


def test_demo_user_can_log_in(demo: Settings) -> None:
    prepare(demo)
    client = create_app(demo).test_client()
    login = client.post("/login", json={"email": DEMO_EMAIL, "password": DEMO_PASSWORD})
    view = client.get("/protected-route", headers=bearer(login.get_json()["access_token"]))
    assert view.get_json() == {"logged_in_as": "test@example.com"}


def test_second_start_keeps_the_user_and_the_keys(demo: Settings) -> None:
    prepare(demo)
    token = expired_demo_token(demo)
    with opened_users(demo) as users:
        before = list(users.page())
    prepare(demo)
    with opened_users(demo) as users:
        assert list(users.page()) == before
    answer = create_app(demo).test_client().post("/expired", headers=bearer(token))
    assert answer.get_json() == {"msg": "The token has expired", "code": "token_expired"}


def test_without_the_demo_no_user_is_added(tmp_path: Path) -> None:
    settings = Settings(database=f"sqlite:///{tmp_path}/plain.db")
    prepare(settings)
    with opened_users(settings) as users:
        assert list(users.page()) == []


def test_demo_user_in_the_database_stops_a_normal_start(demo: Settings) -> None:
    prepare(demo)
    with pytest.raises(InvalidSetting, match="whose password everybody knows"):
        prepare(replace(demo, demo=False))


def test_user_with_the_demo_address_and_another_password_is_served() -> None:
    users = MemoryUserStore()
    users.add(new_user(DEMO_EMAIL, QUICK.hash("another password"), 0.0))
    refuse_demo_user(users, QUICK)


def test_demo_does_not_start_on_a_database_with_accounts() -> None:
    users = MemoryUserStore()
    users.add(new_user("ada@example.com", "hash", 0.0))
    with pytest.raises(InvalidSetting, match="real accounts"):
        add_demo_user(users, QUICK, moment)
    assert len(users.page()) == 1


class JustTaken(MemoryUserStore):
    """A store to which another process adds the user at the last moment."""

    def add(self, user: User) -> None:
        raise EmailTaken


def test_two_demos_may_start_at_once() -> None:
    add_demo_user(JustTaken(), QUICK, moment)


class AddedWhenRead(MemoryUserStore):
    """Users to which another demo adds its user before the first page is read."""

    def page(self, after: str = "", limit: int = 100, search: str = "") -> Sequence[User]:
        if not super().page():
            self.add(new_user(DEMO_EMAIL, "hash", 0.0))
        return super().page(after, limit, search)


def test_two_demos_may_start_at_once_when_one_is_slower() -> None:
    users = AddedWhenRead()
    add_demo_user(users, QUICK, moment)
    assert [user.email for user in users.page()] == [DEMO_EMAIL]


def test_demo_user_is_dated_by_the_clock() -> None:
    users = MemoryUserStore()
    add_demo_user(users, QUICK, moment)
    assert users.page()[0].created_at == 1_700_000_000.0
