"""Master key rotation: re-encryption of the stored values, on real databases."""

import pytest
from sqlalchemy import Engine

from flask_watchword.accounts.outbox import Body, new_mail
from flask_watchword.accounts.reencryption import ReencryptionResult
from flask_watchword.infra.sql import reencryption as resealing
from flask_watchword.infra.sql.outbox import SqlOutbox
from flask_watchword.keys.encryption import Encryptor
from flask_watchword.service.features.totp.flow import UnreadableSecret, new_enrolment
from flask_watchword.service.features.totp.sql import SqlTotpStore

NOW = 1_700_000_000.0
OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32
BODY = Body("Hello", "your code is 4711\n", "<p>4711</p>")


def test_secrets_are_reencrypted_under_the_new_master_key(
    any_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "_BATCH", 2)
    before = SqlTotpStore(any_engine, Encryptor([OLD]))
    enrolments = [new_enrolment(f"user-{n}", NOW) for n in range(5)]
    for enrolment in enrolments:
        before.begin(enrolment)
    assert SqlTotpStore(any_engine, Encryptor([NEW, OLD])).reencrypt() == ReencryptionResult(5, 0)
    after = SqlTotpStore(any_engine, Encryptor([NEW]))
    assert [after.get(enrolment.user_id) for enrolment in enrolments] == enrolments
    with pytest.raises(UnreadableSecret):
        before.get("user-0")
    assert after.reencrypt() == ReencryptionResult(0, 0)


def test_messages_are_reencrypted_and_sent_under_the_new_master_key(any_engine: Engine) -> None:
    before = SqlOutbox(any_engine, Encryptor([OLD]))
    sent = new_mail("verify_email", "eve@example.com", BODY, NOW)
    before.put(sent)
    before.sent(sent.id, NOW)
    waiting = new_mail("verify_email", "ada@example.com", BODY, NOW)
    before.put(waiting)
    assert SqlOutbox(any_engine, Encryptor([NEW, OLD])).reencrypt() == ReencryptionResult(1, 0)
    claimed = SqlOutbox(any_engine, Encryptor([NEW])).claim(NOW, 60.0)
    assert claimed is not None
    assert claimed.mail == waiting


def test_value_that_no_master_key_decrypts_is_counted_and_kept(any_engine: Engine) -> None:
    lost = SqlTotpStore(any_engine, Encryptor([OTHER]))
    lost.begin(new_enrolment("eve", NOW))
    SqlTotpStore(any_engine, Encryptor([OLD])).begin(new_enrolment("ada", NOW))
    assert SqlTotpStore(any_engine, Encryptor([NEW, OLD])).reencrypt() == ReencryptionResult(1, 1)
    assert lost.get("eve") is not None


def test_secret_replaced_concurrently_is_not_overwritten(
    any_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    SqlTotpStore(any_engine, Encryptor([OLD])).begin(new_enrolment("ada", NOW))
    newer = new_enrolment("ada", NOW + 1.0)
    encryptor = Encryptor([NEW, OLD])
    decrypt = encryptor.decrypt

    def decrypt_slowly(encrypted: bytes, context: str) -> bytes:
        SqlTotpStore(any_engine, Encryptor([NEW])).begin(newer)
        return decrypt(encrypted, context)

    monkeypatch.setattr(encryptor, "decrypt", decrypt_slowly)
    assert SqlTotpStore(any_engine, encryptor).reencrypt() == ReencryptionResult(0, 0)
    assert SqlTotpStore(any_engine, Encryptor([NEW])).get("ada") == newer
