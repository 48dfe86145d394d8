"""Checks of rate limits that differ from the defaults."""

import pytest

from flask_watchword.accounts.rate_limit_declarations import Limits, RateLimit
from flask_watchword.accounts.rate_limit_syntax import read_limit
from flask_watchword.extension.checks.results import Level
from flask_watchword.service.authentication.login_limits import LOGIN_PER_ACCOUNT_AT_ADDRESS
from flask_watchword.service.checks.limits import (
    check_limits,
    check_min_password,
    check_refresh_grace,
)
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.features.table import FEATURES, rate_limits_of


def test_defaults_are_fine() -> None:
    assert check_limits(Settings()).level is Level.OK


@pytest.mark.parametrize("limit", rate_limits_of(FEATURES), ids=lambda limit: limit.name)
def test_limit_too_high_to_stop_guessing_is_a_warning(limit: RateLimit) -> None:
    highest = Limits({limit: limit.most})
    assert check_limits(Settings(limits=highest)).level is Level.OK
    found = check_limits(Settings(limits=Limits({limit: read_limit("100000/hour")})))
    assert found.level is Level.WARNING
    assert f"WATCHWORD_LIMIT_{limit.name.upper()} is 100000/hour" in found.says
    assert found.remedy


@pytest.mark.parametrize(("least", "level"), [(8, Level.WARNING), (15, Level.OK), (20, Level.OK)])
def test_short_passwords_without_a_second_factor_are_a_warning(least: int, level: Level) -> None:
    found = check_min_password(Settings(min_password_characters=least))
    assert (found.level, bool(found.remedy)) == (level, level is Level.WARNING)


@pytest.mark.parametrize(("seconds", "level"), [(0, Level.OK), (10, Level.OK), (61, Level.WARNING)])
def test_long_grace_period_is_a_warning(seconds: int, level: Level) -> None:
    found = check_refresh_grace(Settings(refresh_grace=seconds))
    assert (found.level, bool(found.remedy)) == (level, level is Level.WARNING)


def test_limit_that_blocks_users_for_hours_is_a_warning() -> None:
    limits = Limits({LOGIN_PER_ACCOUNT_AT_ADDRESS: read_limit("3/day")})
    found = check_limits(Settings(limits=limits))
    assert found.level is Level.WARNING
    assert "waits 8.0 hours" in found.says
