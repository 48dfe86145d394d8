"""Counts of the values encrypted under each master key, on real databases."""

import pytest
from sqlalchemy import Engine

from flask_watchword.accounts.outbox import Body, new_mail
from flask_watchword.infra.sql import encrypted_values as sealed_values
from flask_watchword.infra.sql.encrypted_values import count_by_head
from flask_watchword.infra.sql.outbox import SqlOutbox
from flask_watchword.keys.encryption import Encryptor
from flask_watchword.service.features.totp.flow import new_enrolment
from flask_watchword.service.features.totp.sql import SqlTotpStore

NOW = 1_700_000_000.0
OLD, NEW = Encryptor([b"o" * 32]), Encryptor([b"n" * 32])


def test_each_value_is_counted_once_by_its_master_key(
    any_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed_values, "_BATCH", 3)
    for number in range(7):
        encryptor = OLD if number in {0, 3, 4} else NEW
        SqlTotpStore(any_engine, encryptor).begin(new_enrolment(f"user-{number}", NOW))
    outbox = SqlOutbox(any_engine, OLD)
    for number in range(8):
        mail = new_mail("verify_email", "ada@example.com", Body("", "", ""), NOW)
        outbox.put(mail)
        if number % 2:
            outbox.sent(mail.id, NOW)
    assert count_by_head(any_engine, len(NEW.current_prefix)) == {
        "authenticators": {OLD.current_prefix: 3, NEW.current_prefix: 4},
        "e-mail": {OLD.current_prefix: 4},
    }


def test_counts_are_empty_without_encrypted_values(any_engine: Engine) -> None:
    assert count_by_head(any_engine, len(NEW.current_prefix)) == {
        "authenticators": {},
        "e-mail": {},
    }
