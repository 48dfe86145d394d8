"""The minimum password length is a setting; with a second factor it is always 8."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.password_policy import UnacceptablePassword
from flask_watchword.cli.main import main
from tests.service.under_test import EMAIL, ServiceUnderTest, service_under_test

EIGHT = "kd83hF9s"
NINETEEN = "kd83hF9sLq02mZxTb7y"


def lengths_accepted(service: ServiceUnderTest) -> list[int]:
    statuses = {
        n: service.post(
            "/register", email=f"user{n}@example.com", password=NINETEEN[:n]
        ).status_code
        for n in (7, 8, 14, 15, 19)
    }
    assert set(statuses.values()) <= {201, 422}
    return [n for n, status in statuses.items() if status == 201]


@pytest.mark.parametrize(("least", "accepted"), [(8, [8, 14, 15, 19]), (15, [15, 19]), (19, [19])])
def test_registration_uses_the_setting(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, least: int, accepted: list[int]
) -> None:
    with service_under_test(sqlite_url, monkeypatch, min_password_characters=least) as service:
        assert lengths_accepted(service) == accepted


@pytest.mark.parametrize("least", [8, 15, 30])
def test_eight_characters_are_enough_with_a_second_factor(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, least: int
) -> None:
    with service_under_test(sqlite_url, monkeypatch, min_password_characters=least) as service:
        user = service.add()
        with_factor = with_second_factor(service)
        assert with_factor.hash_new_password(user, EMAIL, EIGHT)
        with pytest.raises(UnacceptablePassword):
            with_factor.hash_new_password(user, EMAIL, EIGHT[:7])


def with_second_factor(service: ServiceUnderTest) -> Accounts:
    accounts = service.parts.accounts
    return replace(accounts, has_second_factor=lambda *_: True)


def test_commands_use_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runner = CliRunner(env={"WATCHWORD_MIN_PASSWORD_CHARACTERS": "19"})
    assert runner.invoke(main, ["db", "upgrade"]).exit_code == 0
    command = ["user", "add", EMAIL, "--password-stdin"]
    refused = runner.invoke(main, command, input=NINETEEN[:18] + "\n")
    assert "needs at least 19" in refused.output
    assert runner.invoke(main, command, input=NINETEEN + "\n").exit_code == 0
