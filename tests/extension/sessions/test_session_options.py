"""Session options: each is read, and each invalid value is reported in one line."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from flask_watchword import JWTManager, Sessions
from flask_watchword.extension.options.sessions import read_session_options
from flask_watchword.infra.memory_sessions import MemorySessionStore
from tests.extension.sessions.conftest import MakeSite
from tests.extension.sessions.site import DAY, Site


def test_defaults_of_lifetimes_limit_and_staleness(site: Site) -> None:
    options = read_session_options(site.app.config)
    lives = options.lifetimes
    assert (lives.access, lives.idle, lives.absolute, lives.grace) == (900, 7 * DAY, 30 * DAY, 10)
    assert (lives.detached, lives.leeway) == (30 * DAY, 0)
    assert (options.limit, options.staleness) == (None, 2)


@pytest.mark.parametrize("value", [90, 90.0, timedelta(seconds=90)])
def test_duration_is_a_timedelta_or_seconds(make_site: MakeSite, value: Any) -> None:
    site = make_site(WATCHWORD_SESSION_IDLE=value)
    assert read_session_options(site.app.config).lifetimes.idle == 90


def test_token_lifetimes_are_read_as_the_manager_reads_them(make_site: MakeSite) -> None:
    class TwoHours:
        """Like a relativedelta: not a timedelta, but it can be added to a date."""

        def __add__(self, date: datetime) -> datetime:
            return date + timedelta(hours=2)

        __radd__ = __add__

    site = make_site(
        JWT_ACCESS_TOKEN_EXPIRES=TwoHours(),
        JWT_REFRESH_TOKEN_EXPIRES=False,
        JWT_DECODE_LEEWAY=timedelta(seconds=5),
    )
    lives = read_session_options(site.app.config).lifetimes
    assert (lives.access, lives.leeway) == (7_200, 5)
    assert lives.detached > 50 * 365 * DAY


def test_option_changed_later_takes_effect(site: Site) -> None:
    site.app.config["WATCHWORD_SESSION_ABSOLUTE"] = 120
    assert site.sign_in().pair["expires_in"] == 120


DURATIONS = [
    "WATCHWORD_SESSION_IDLE",
    "WATCHWORD_SESSION_ABSOLUTE",
    "WATCHWORD_REFRESH_GRACE",
    "WATCHWORD_REVOCATION_STALENESS",
]


@pytest.mark.parametrize("name", DURATIONS)
@pytest.mark.parametrize(
    "value", [-1, "7d", None, True, float("nan"), float("inf"), timedelta(seconds=-1), []]
)
def test_invalid_duration_is_reported_by_name(make_site: MakeSite, name: str, value: Any) -> None:
    with pytest.raises(RuntimeError) as caught:
        make_site(**{name: value})
    assert str(caught.value).startswith(f"{name} must be a timedelta or seconds")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", DURATIONS)
def test_only_the_grace_period_may_be_zero(make_site: MakeSite, name: str) -> None:
    if name == "WATCHWORD_REFRESH_GRACE":
        make_site(**{name: 0})
    else:
        with pytest.raises(RuntimeError, match=r"more than 0, not 0$"):
            make_site(**{name: 0})


@pytest.mark.parametrize("value", [0, -1, 1.5, "3", True])
def test_limit_that_is_not_a_number_of_sessions_is_reported(
    make_site: MakeSite, value: Any
) -> None:
    with pytest.raises(RuntimeError, match=r"^WATCHWORD_SESSIONS_PER_SUBJECT must be a positive"):
        make_site(WATCHWORD_SESSIONS_PER_SUBJECT=value)


@pytest.mark.parametrize("value", ["", "memory", "mongodb://user:secret@host", 5, None, object()])
def test_invalid_store_is_reported_without_its_password(make_site: MakeSite, value: Any) -> None:
    with pytest.raises(RuntimeError, match=r"^WATCHWORD_SESSION_STORE: ") as caught:
        make_site(WATCHWORD_SESSION_STORE=value)
    assert "secret" not in str(caught.value)


def test_store_object_is_used_as_it_is(make_site: MakeSite) -> None:
    store = MemorySessionStore()
    assert make_site(WATCHWORD_SESSION_STORE=store).store is store


def test_application_of_a_factory_is_registered_later(site: Site) -> None:
    other = type(site.app)("other")
    other.config["JWT_SECRET_KEY"] = site.app.config["JWT_SECRET_KEY"]
    JWTManager(other)
    site.sessions.init_app(other)
    assert isinstance(site.sessions, Sessions)
    with other.app_context():
        site.sessions.start("ada")
        assert len(site.sessions.list("ada")) == 1
    with site.app.app_context():
        assert len(site.sessions.list("ada")) == 0
