from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from flask_watchword.accounts.notifications import Mailer, Notification
from flask_watchword.accounts.outbox import Mail
from flask_watchword.infra.sql.engine import open_engine
from flask_watchword.infra.sql.outbox import SqlOutbox, purge_mail
from flask_watchword.infra.sql.schema import upgrade_schema
from flask_watchword.keys.encryption import Encryptor
from flask_watchword.service.mail.mailer import OutboxMailer, in_words
from tests.service.mail.of_features import mail_templates

NOW = 1_700_000_000.0
URL = "https://auth.example.com"
RESET = Notification("reset_password", "ada@example.com", "a/b+c#d", NOW + 1800)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path}/store.db", busy_seconds=30.0)
    upgrade_schema(engine)
    yield engine
    engine.dispose()


def mailer(engine: Engine, url: str = URL) -> Mailer:
    outbox = SqlOutbox(engine, Encryptor([b"k" * 32]))
    return OutboxMailer(outbox, mail_templates("Example"), url, lambda: NOW)


def put(engine: Engine, letter: Notification, url: str = URL) -> Mail:
    mailer(engine, url).send(letter)
    claimed = SqlOutbox(engine, Encryptor([b"k" * 32])).claim(NOW, 60.0)
    assert claimed is not None
    return claimed.mail


def test_link_has_the_configured_address_and_the_code_in_its_fragment(
    engine: Engine,
) -> None:
    mail = put(engine, RESET)
    assert f"{URL}/reset-password#code=a%2Fb%2Bc%23d" in mail.body.text
    assert "30 minutes" in mail.body.text
    assert (mail.recipient, mail.kind) == ("ada@example.com", "reset_password")


def test_message_expires_with_its_code(engine: Engine) -> None:
    assert put(engine, RESET).expires_at == NOW + 1800


def test_message_without_a_code_expires_after_a_day(engine: Engine) -> None:
    mail = put(engine, Notification("password_changed", "ada@example.com"))
    assert mail.expires_at == NOW + 86_400
    assert URL not in mail.body.text


def test_without_a_public_url_there_is_no_link(engine: Engine) -> None:
    body = put(engine, RESET, url="").body
    assert "a/b+c#d" in body.text
    assert "reset-password" not in body.text


def test_message_without_a_recipient_is_a_decoy_that_is_claimed_like_a_message(
    engine: Engine,
) -> None:
    mailer(engine).send_nothing()
    outbox = SqlOutbox(engine, Encryptor([b"k" * 32]))
    claimed = outbox.claim(NOW, 60.0)
    assert claimed is not None
    assert claimed.mail.is_decoy
    assert claimed.mail.body.text
    outbox.sent(claimed.mail.id, NOW)
    assert outbox.claim(NOW + 10**6, 60.0) is None
    assert purge_mail(engine, NOW + 1, 10) == 1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 minute"),
        (60, "1 minute"),
        (899.98, "15 minutes"),
        (3600, "1 hour"),
        (5400, "90 minutes"),
        (7200, "2 hours"),
        (86_399.9, "24 hours"),
        (172_800, "2 days"),
        (180_000, "50 hours"),
    ],
)
def test_code_lifetime_is_written_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
