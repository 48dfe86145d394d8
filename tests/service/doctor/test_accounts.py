"""Checks of accounts: outdated hashes, admins without a second factor, a leftover demo user."""

from typing import Any

import pytest

from flask_watchword.accounts.admins import ADMIN
from flask_watchword.accounts.passwords import Passwords
from flask_watchword.accounts.users import new_user
from flask_watchword.clock import system_clock
from flask_watchword.extension.checks.results import Level
from flask_watchword.service.checks.accounts import (
    check_admins,
    check_demo_user,
    check_hashes,
)
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.features.demo.demo_user import add_demo_user
from flask_watchword.service.features.email_verification.checks import check_verified_logins
from flask_watchword.service.features.table import FEATURES, factors_of
from flask_watchword.service.features.totp.flow import TOTP, new_enrolment
from tests.service.places import empty_accounts
from tests.service.under_test import CHEAPEST, GOOD, ServiceUnderTest

FACTORS = factors_of(FEATURES)


def test_hashes_with_outdated_parameters_are_counted() -> None:
    accounts = empty_accounts().repositories
    assert check_hashes(accounts).level is Level.OK
    accounts.users.add(new_user("ada@example.com", Passwords().hash(GOOD), 0.0))
    assert check_hashes(accounts).level is Level.OK
    accounts.users.add(new_user("bob@example.com", Passwords(CHEAPEST).hash(GOOD), 0.0))
    accounts.users.add(new_user("eve@example.com", "pbkdf2:sha256:1$salt$hash", 0.0))
    found = check_hashes(accounts)
    assert found.level is Level.WARNING
    assert found.says.startswith("2 of 3 ")


def test_admins_without_a_second_factor_are_reported(service: ServiceUnderTest) -> None:
    accounts = service.parts.repositories
    assert check_admins(accounts, FACTORS).level is Level.WARNING
    ada = service.add_verified("ada@example.com")
    accounts.users.set_roles(ada.id, frozenset({ADMIN}))
    found = check_admins(accounts, FACTORS)
    assert found.level is Level.WARNING
    assert "1 of 1 log in with a password alone: ada@example.com" in found.says
    enrolment = new_enrolment(ada.id, system_clock())
    accounts.get(TOTP).begin(enrolment)
    assert check_admins(accounts, FACTORS).level is Level.WARNING
    accounts.get(TOTP).confirm(ada.id, enrolment.created_at, 1, system_clock())
    assert check_admins(accounts, FACTORS).level is Level.OK


def test_leftover_demo_user_is_a_problem_outside_the_demo() -> None:
    accounts, real, demo = empty_accounts().repositories, Settings(), Settings(demo=True)
    assert check_demo_user(accounts, real).level is Level.OK
    add_demo_user(accounts.users, Passwords(), system_clock)
    assert check_demo_user(accounts, real).level is Level.PROBLEM
    assert check_demo_user(accounts, demo).level is Level.OK


@pytest.mark.parametrize(
    ("settings", "level"),
    [
        ({}, Level.OK),
        ({"smtp": "smtp://mail.example.com"}, Level.OK),
        (
            {"smtp": "smtp://mail.example.com", "of_features": {"require_verified_email": False}},
            Level.WARNING,
        ),
        ({"of_features": {"require_verified_email": True}}, Level.PROBLEM),
    ],
)
def test_logging_in_does_not_reveal_which_accounts_exist(
    settings: dict[str, Any], level: Level
) -> None:
    assert check_verified_logins(Settings(**settings)).level is level
