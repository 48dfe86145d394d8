import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from flask_watchword.accounts.outbox import (
    Body,
    ClaimedMail,
    Mail,
    Rejected,
    SendingFailed,
    new_mail,
)
from flask_watchword.accounts.reencryption import ReencryptionResult
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.sql.engine import open_engine
from flask_watchword.infra.sql.outbox import SqlOutbox
from flask_watchword.infra.sql.schema import upgrade_schema
from flask_watchword.keys.encryption import Encryptor
from flask_watchword.service.mail.delivery import Delivery
from flask_watchword.service.mail.log_transport import LogTransport

NOW = 1_700_000_000.0
BODY = Body("Hello", "open https://example.com/4711\n", "<p>4711</p>")


def mail() -> Mail:
    return new_mail("verify_email", "ada@example.com", BODY, NOW)


class OneMessage:
    """An outbox with one message, or one that is down."""

    def __init__(self, *, down: bool = False) -> None:
        self.waiting = [ClaimedMail(mail(), 1, "claim")]
        self.done: list[str] = []
        self._down = down

    def put(self, mail: Mail) -> None:
        raise NotImplementedError

    def put_decoy(self, mail: Mail) -> None:
        raise NotImplementedError

    def claim(self, now: float, lease: float) -> ClaimedMail | None:
        if self._down:
            raise StoreUnavailable("down")
        return self.waiting.pop() if self.waiting else None

    def sent(self, mail_id: str, now: float) -> None:
        self.done.append("sent")

    def retry(self, claimed: ClaimedMail, due_at: float, error: str) -> None:
        self.done.append("retry")

    def give_up(self, claimed: ClaimedMail, now: float, error: str) -> None:
        self.done.append("given up")

    def reencrypt(self) -> ReencryptionResult:
        raise NotImplementedError


class Failing:
    """A transport that fails."""

    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    def send(self, mail: Mail) -> None:
        raise self._failure

    def send_decoy(self, mail: Mail) -> None:
        raise self._failure


def test_without_a_mail_server_messages_are_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outbox = OneMessage()
    Delivery(outbox, LogTransport(), lambda: NOW).run_once()
    assert outbox.done == ["sent"]
    lines = caplog.messages[0].split("\n")
    assert "  | To: ada@example.com" in lines
    assert "  | open https://example.com/4711" in lines


def test_logged_message_contains_no_terminal_control_characters(
    caplog: pytest.LogCaptureFixture,
) -> None:
    body = Body("Hello", "\x1b[2J\x9b1m\a\nnext line", "")
    LogTransport().send(new_mail("verify_email", "ada@example.com", body, NOW))
    (message,) = caplog.messages
    assert message.replace("\n", "").isprintable()


def test_abandoned_message_is_logged_without_its_content(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outbox = OneMessage()
    Delivery(outbox, Failing(Rejected("550 nobody")), lambda: NOW).run_once()
    assert outbox.done == ["given up"]
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "failed permanently: 550 nobody" in record.message
    assert "4711" not in caplog.text


def test_delayed_message_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    Delivery(OneMessage(), Failing(SendingFailed("refused")), lambda: NOW).run_once()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_store_outage_is_logged_and_does_not_stop_delivery(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert not Delivery(OneMessage(down=True), LogTransport(), lambda: NOW).run_once()
    assert "the store does not respond" in caplog.text


class Signalling:
    """A transport that signals when it receives a message."""

    def __init__(self, *failures: Exception) -> None:
        self.given = threading.Semaphore(0)
        self._failures = list(failures)

    def send(self, mail: Mail) -> None:
        self.given.release()
        if self._failures:
            raise self._failures.pop()

    def send_decoy(self, mail: Mail) -> None:
        raise NotImplementedError


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[SqlOutbox]:
    engine = open_engine(f"sqlite:///{tmp_path}/store.db", busy_seconds=30.0)
    upgrade_schema(engine)
    yield SqlOutbox(engine, Encryptor([b"k" * 32]))
    engine.dispose()


def test_woken_worker_sends_and_survives_a_failure_of_one_message(
    outbox: SqlOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The interval is so long that only the wake-up can start delivery.
    monkeypatch.setattr("flask_watchword.service.mail.delivery.POLL", 600.0)
    transport = Signalling(ZeroDivisionError("a fault of ours"))
    delivery = Delivery(outbox, transport, lambda: NOW)
    others = set(threading.enumerate())
    delivery.start()
    try:
        for _ in range(3):
            outbox.put(mail())
            delivery.wake()
            assert transport.given.acquire(timeout=30)
    finally:
        delivery.stop()
        delivery.join(30)
    mine = set(threading.enumerate()) - others
    assert "watchword-mail" not in {thread.name for thread in mine}
