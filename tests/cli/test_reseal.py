"""Master key rotation: values encrypted under the old key can be decrypted with the new one."""

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
from tests.service.test_totp import code_at, enrolled, finish, pending
from tests.service.under_test import GOOD

OLD, NEW, OTHER = "A" * 43, "B" * 42 + "A", "C" * 42 + "A"


@pytest.fixture(autouse=True)
def _in_this_database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHWORD_DATABASE", database_url)


def under(master_key: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings of a service that starts with this master key."""
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", master_key)
    settings = read_settings()
    prepare(settings)
    return settings


def keys(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["keys", *arguments])


def sealed_values() -> tuple[str, str]:
    """Return the level and message of the ``watchword doctor`` check of the encrypted values."""
    lines = CliRunner().invoke(main, ["doctor", "--json"]).stdout.splitlines()
    (found,) = (line for line in map(json.loads, lines) if line["check"] == "encrypted values")
    return found["result"], found["says"].rpartition(": ")[2]


def reseal() -> Result:
    return keys("reseal", "--json")


def test_user_with_totp_can_log_in_after_the_old_master_key_is_removed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(under(OLD, monkeypatch)) as service:
        secret, _, pair = enrolled(service)
    under(f"{NEW},{OLD}", monkeypatch)
    result = reseal()
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["unreadable"] == 0
    assert json.loads(reseal().stdout) == {"resealed": 0, "unreadable": 0}
    with serving(under(NEW, monkeypatch)) as service:
        # Signed earlier, with a key that was encrypted under the old master key.
        assert service.me(pair["access_token"]).status_code == 200
        assert finish(service, pending(service), code=code_at(secret)).status_code == 200


def test_value_that_no_master_key_decrypts_fails_the_command_and_is_kept(
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


def test_after_loss_of_the_old_master_key_a_recovery_code_allows_a_new_enrolment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = under(OLD, monkeypatch)
    with serving(settings) as service:
        _, (recovery_code, other_code, *_), _ = enrolled(service)
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", NEW)
    (kid,) = (json.loads(line)["kid"] for line in keys("list", "--json").stdout.splitlines())
    assert keys("revoke", "--lost-master-key", kid).exit_code == 0
    with serving(under(NEW, monkeypatch)) as service:
        token = finish(service, pending(service), recovery_code=recovery_code).get_json()[
            "access_token"
        ]
        body = {"password": GOOD, "recovery_code": other_code}
        assert service.post("/totp/disable", token, **body).status_code == 204
        secret = service.post("/totp/enrol", token, password=GOOD).get_json()["secret"]
        assert service.post("/totp/confirm", token, code=code_at(secret)).status_code == 200


def test_another_master_key_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(under(OLD, monkeypatch)) as service:
        secret, _, _ = enrolled(service)
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", OTHER)
    result = reseal()
    assert result.exit_code == 1
    assert json.loads(result.stderr)["error"]["code"] == "invalid_setting"
    with serving(under(OLD, monkeypatch)) as service:
        assert finish(service, pending(service), code=code_at(secret)).status_code == 200


def test_doctor_counts_the_values_under_each_master_key(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_replaced_signing_key_does_not_need_the_old_master_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(under(OLD, monkeypatch)) as service:
        service.add_verified()
        before = service.pair()
    under(f"{NEW},{OLD}", monkeypatch)
    assert keys("rotate", "--now").exit_code == 0
    with serving(under(NEW, monkeypatch)) as service:
        assert reseal().exit_code == 0
        assert service.me(before["access_token"]).status_code == 200
