"""Another master key: what was sealed under the old one opens under the new one alone."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner, Result

from flask_watchword.accounts.outbox import Body, new_mail
from flask_watchword.cli.main import main
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.features.totp.flow import TOTP, new_enrolment
from flask_watchword.service.load_settings import read_settings
from flask_watchword.service.stores import opened_accounts, prepare
from tests.cli.test_user_changes import serving
from tests.service.site import GOOD
from tests.service.test_totp import code_at, enrolled, finish, pending

OLD, NEW, OTHER = "A" * 43, "B" * 42 + "A", "C" * 42 + "A"


@pytest.fixture(autouse=True)
def _in_this_database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHWORD_DATABASE", database_url)


def under(master_key: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings with this master key, of a service that starts with it."""
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", master_key)
    settings = read_settings()
    prepare(settings)
    return settings


def keys(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["keys", *arguments])


def sealed_values() -> tuple[str, str]:
    """Return what ``watchword doctor`` finds of them, and says."""
    lines = CliRunner().invoke(main, ["doctor", "--json"]).stdout.splitlines()
    (found,) = (line for line in map(json.loads, lines) if line["check"] == "encrypted values")
    return found["result"], found["says"].rpartition(": ")[2]


def reseal() -> Result:
    return keys("reseal", "--json")


def test_who_has_an_authenticator_logs_in_once_the_old_master_key_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(under(OLD, monkeypatch)) as ours:
        secret, _, pair = enrolled(ours)
    under(f"{NEW},{OLD}", monkeypatch)
    result = reseal()
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["unreadable"] == 0
    assert json.loads(reseal().stdout) == {"resealed": 0, "unreadable": 0}
    with serving(under(NEW, monkeypatch)) as ours:
        # Signed before, with a key that was sealed under the old one.
        assert ours.me(pair["access_token"]).status_code == 200
        assert finish(ours, pending(ours), code=code_at(secret)).status_code == 200


def test_what_none_of_the_master_keys_opens_is_told_by_the_exit_status_and_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = under(OLD, monkeypatch)
    with opened_accounts(replace(settings, master_key=OTHER)) as accounts:
        accounts.repositories.get(TOTP).begin(new_enrolment("eve", 0.0))
    under(f"{NEW},{OLD}", monkeypatch)
    result = reseal()
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"resealed": 1, "unreadable": 1}
    assert "NEW,OLD,OLDER" in keys("reseal").output
    under(f"{NEW},{OLD},{OTHER}", monkeypatch)
    assert json.loads(reseal().stdout) == {"resealed": 1, "unreadable": 0}


def test_when_the_old_master_key_is_lost_a_recovery_code_logs_in_and_another_authenticator_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = under(OLD, monkeypatch)
    with serving(settings) as ours:
        _, (recovery_code, other_code, *_), _ = enrolled(ours)
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", NEW)
    (kid,) = (json.loads(line)["kid"] for line in keys("list", "--json").stdout.splitlines())
    assert keys("revoke", "--lost-master-key", kid).exit_code == 0
    with serving(under(NEW, monkeypatch)) as ours:
        token = finish(ours, pending(ours), recovery_code=recovery_code).get_json()["access_token"]
        body = {"password": GOOD, "recovery_code": other_code}
        assert ours.post("/totp/disable", token, **body).status_code == 204
        secret = ours.post("/totp/enrol", token, password=GOOD).get_json()["secret"]
        assert ours.post("/totp/confirm", token, code=code_at(secret)).status_code == 200


def test_under_another_master_key_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(under(OLD, monkeypatch)) as ours:
        secret, _, _ = enrolled(ours)
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", OTHER)
    result = reseal()
    assert result.exit_code == 1
    assert json.loads(result.stderr)["error"]["code"] == "invalid_setting"
    with serving(under(OLD, monkeypatch)) as ours:
        assert finish(ours, pending(ours), code=code_at(secret)).status_code == 200


def test_the_doctor_counts_what_is_under_each_master_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened_accounts(under(OLD, monkeypatch)) as accounts:
        accounts.repositories.get(TOTP).begin(new_enrolment("ada", 0.0))
        for _ in range(2):
            mail = new_mail("verify_email", "ada@example.com", Body("", "", ""), 0.0)
            accounts.repositories.outbox.put(mail)
    everything = "signing keys 1, authenticators 1, e-mail 2"
    assert sealed_values() == ("ok", everything)
    under(f"{NEW},{OLD}", monkeypatch)
    assert sealed_values() == ("warning", everything)
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", NEW)
    assert sealed_values() == ("problem", everything)
    under(f"{NEW},{OLD}", monkeypatch)
    assert reseal().exit_code == 0
    under(NEW, monkeypatch)
    assert sealed_values() == ("ok", everything)


def test_a_key_that_was_replaced_does_not_need_the_old_master_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(under(OLD, monkeypatch)) as ours:
        ours.add_verified()
        before = ours.pair()
    under(f"{NEW},{OLD}", monkeypatch)
    assert keys("rotate", "--now").exit_code == 0
    with serving(under(NEW, monkeypatch)) as ours:
        assert reseal().exit_code == 0
        assert ours.me(before["access_token"]).status_code == 200
