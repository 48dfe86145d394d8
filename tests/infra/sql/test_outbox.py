"""The outbox on real databases, and the guarantees of sending from it."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine, text

from flask_watchword.accounts.outbox import (
    LEASE,
    MAX_ATTEMPTS,
    Body,
    Mail,
    Outcome,
    Rejected,
    Result,
    SendingFailed,
    UnsendableMail,
    deliver_due,
    deliver_next,
    new_mail,
    pause_after,
)
from flask_watchword.infra.sql.engine import reading
from flask_watchword.infra.sql.outbox import SqlOutbox, purge_mail
from flask_watchword.infra.sql.transactions import transact
from flask_watchword.keys.encryption import Encryptor

NOW = 1_700_000_000.0
KEY = b"k" * 32
BODY = Body("Hello", "your code is 4711\n", "<p>4711</p>")


class Mailbox:
    """A transport that stores the messages, or fails on request."""

    def __init__(self, *failures: BaseException | None) -> None:
        self.mails: list[Mail] = []
        self.decoys: list[Mail] = []
        self._failures = list(failures)

    def send(self, mail: Mail) -> None:
        self._fail()
        self.mails.append(mail)

    def send_decoy(self, mail: Mail) -> None:
        self._fail()
        self.decoys.append(mail)

    def _fail(self) -> None:
        failure = self._failures.pop(0) if self._failures else None
        if failure is not None:
            raise failure


class Died(BaseException):
    """The death of a worker: no exception handler catches it."""


@pytest.fixture
def outbox(any_engine: Engine) -> SqlOutbox:
    return SqlOutbox(any_engine, Encryptor([KEY]))


def mail(n: int = 0, lifetime: float = 86_400.0) -> Mail:
    return new_mail("verify_email", f"user{n}@example.com", BODY, NOW + n, lifetime)


def deliver(outbox: SqlOutbox, transport: Mailbox, now: float = NOW) -> Sequence[Result]:
    return [outcome.result for outcome in deliver_due(outbox, transport, lambda: now, 100)]


def row(engine: Engine) -> dict[str, object]:
    with reading(engine) as connection:
        return dict(connection.execute(text("SELECT * FROM watchword_outbox")).mappings().one())


def test_message_is_sent_once_unchanged(outbox: SqlOutbox) -> None:
    mails = [mail(n) for n in range(3)]
    for one in reversed(mails):
        outbox.put(one)
    box = Mailbox()
    assert deliver(outbox, box, NOW + 10) == [Result.SENT] * 3
    assert box.mails == mails
    assert deliver(outbox, box, NOW + 10**6) == []


def test_decoy_is_due_immediately_and_has_no_recipient(outbox: SqlOutbox) -> None:
    outbox.put_decoy(mail())
    box = Mailbox()
    assert deliver(outbox, box) == [Result.SENT]
    assert box.mails == []
    (decoy,) = box.decoys
    assert (decoy.recipient, decoy.body) == ("", BODY)
    assert deliver(outbox, box, NOW + 10**6) == []


def test_decoy_is_retried_and_abandoned_like_a_message(outbox: SqlOutbox) -> None:
    outbox.put_decoy(mail())
    box = Mailbox(SendingFailed("421 later"), Rejected("550 no"))
    assert deliver(outbox, box) == [Result.RETRY]
    assert deliver(outbox, box, NOW + pause_after(1)) == [Result.GIVEN_UP]
    assert deliver(outbox, box, NOW + 10**6) == []


def test_message_is_committed_with_its_change_or_not_at_all(
    any_engine: Engine,
) -> None:
    encryptor = Encryptor([KEY])

    def fail(connection: Connection) -> None:
        SqlOutbox(connection, encryptor).put(mail())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        transact(any_engine, fail)
    assert SqlOutbox(any_engine, encryptor).claim(NOW, 1.0) is None


@pytest.mark.server
def test_worker_skips_a_message_that_another_one_is_claiming(
    postgres_engine: Engine,
) -> None:
    """The other's transaction is still open: waiting for it would serialise all workers."""
    encryptor = Encryptor([KEY])
    outbox = SqlOutbox(postgres_engine, encryptor)
    first, second = mail(1), mail(2)
    for one in (first, second):
        outbox.put(one)

    def claim_beside(connection: Connection) -> None:
        held = SqlOutbox(connection, encryptor).claim(NOW + 10, LEASE)
        assert held is not None
        assert held.mail == first
        beside = outbox.claim(NOW + 10, LEASE)
        assert beside is not None
        assert beside.mail == second
        assert outbox.claim(NOW + 10, LEASE) is None

    transact(postgres_engine, claim_beside)
    assert outbox.claim(NOW + 10, LEASE) is None


def test_database_never_contains_a_plain_message(any_engine: Engine, outbox: SqlOutbox) -> None:
    outbox.put(mail())
    assert b"4711" not in bytes(str(row(any_engine)), "utf-8")
    assert b"4711" not in row(any_engine)["sealed_body"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("failure", "result"), [(None, Result.SENT), (Rejected("550 nobody here"), Result.GIVEN_UP)]
)
def test_body_of_a_finished_message_is_deleted(
    any_engine: Engine, outbox: SqlOutbox, failure: Exception | None, result: Result
) -> None:
    outbox.put(mail())
    assert deliver(outbox, Mailbox(failure)) == [result]
    left = row(any_engine)
    assert (left["sealed_body"], left["due_at"], left["claim"]) == (None, None, None)
    assert left["sent_at" if failure is None else "given_up_at"] == NOW


def test_unreachable_server_is_retried_at_growing_intervals(
    outbox: SqlOutbox,
) -> None:
    outbox.put(mail(lifetime=10**9))
    down = SendingFailed("connection refused")
    now, pauses = NOW, []
    for attempt in range(1, MAX_ATTEMPTS):
        assert deliver(outbox, Mailbox(down), now) == [Result.RETRY]
        pause = pause_after(attempt)
        assert deliver(outbox, Mailbox(), now + pause - 0.001) == []
        pauses.append(pause)
        now += pause
    assert pauses == sorted(pauses)
    assert 12 * 3600 < sum(pauses) < 48 * 3600
    assert deliver(outbox, Mailbox(), now) == [Result.SENT]


def test_message_is_abandoned_after_the_last_attempt_and_the_reason_stored(
    any_engine: Engine, outbox: SqlOutbox
) -> None:
    outbox.put(mail(lifetime=10**9))
    down = SendingFailed("connection refused")
    results = [*(deliver(outbox, Mailbox(down), NOW + n * 10**5)[0] for n in range(MAX_ATTEMPTS))]
    assert results == [Result.RETRY] * (MAX_ATTEMPTS - 1) + [Result.GIVEN_UP]
    assert row(any_engine)["last_error"] == "connection refused"
    assert deliver(outbox, Mailbox(), NOW + 10**8) == []


def test_message_with_an_expired_code_is_not_sent(outbox: SqlOutbox) -> None:
    outbox.put(mail(lifetime=600))
    box = Mailbox(SendingFailed("down"))
    assert deliver(outbox, box, NOW + 599) == [Result.RETRY]
    assert deliver(outbox, box, NOW + 600) == [Result.GIVEN_UP]
    assert box.mails == []


def test_message_claimed_by_a_dead_worker_is_sent_by_another_after_its_lease(
    outbox: SqlOutbox,
) -> None:
    outbox.put(mail())
    with pytest.raises(Died):
        deliver(outbox, Mailbox(Died()))
    box = Mailbox()
    assert deliver(outbox, box, NOW + LEASE - 0.001) == []
    assert deliver(outbox, box, NOW + LEASE) == [Result.SENT]


def test_message_of_a_worker_that_dies_after_the_servers_ok_is_sent_again(
    outbox: SqlOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(mail_id: str, now: float) -> None:
        raise Died

    outbox.put(mail())
    box = Mailbox()
    with monkeypatch.context() as patched:
        patched.setattr(outbox, "sent", die)
        with pytest.raises(Died):
            deliver(outbox, box)
    assert deliver(outbox, box, NOW + LEASE) == [Result.SENT]
    first, second = box.mails
    assert first == second
    assert deliver(outbox, box, NOW + 10 * LEASE) == []


def test_message_that_kills_every_worker_is_abandoned(outbox: SqlOutbox) -> None:
    outbox.put(mail(lifetime=10**9))
    for n in range(MAX_ATTEMPTS):
        with pytest.raises(Died):
            deliver(outbox, Mailbox(Died()), NOW + n * LEASE)
    assert deliver(outbox, Mailbox(), NOW + MAX_ATTEMPTS * LEASE) == [Result.GIVEN_UP]


def test_worker_whose_lease_expired_records_only_what_it_sent(
    outbox: SqlOutbox,
) -> None:
    outbox.put(mail())
    slow = outbox.claim(NOW, LEASE)
    quick = outbox.claim(NOW + LEASE, LEASE)
    assert slow is not None
    assert quick is not None
    outbox.retry(slow, NOW, "too late")
    outbox.give_up(slow, NOW, "too late")
    assert outbox.claim(NOW + LEASE + 1, LEASE) is None
    outbox.sent(slow.mail.id, NOW + LEASE + 1)
    outbox.retry(quick, NOW, "the same again")
    assert outbox.claim(NOW + 10 * LEASE, LEASE) is None


def test_many_workers_send_each_message_once(outbox: SqlOutbox) -> None:
    mails = [mail(n) for n in range(60)]
    for one in mails:
        outbox.put(one)
    box = Mailbox()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: deliver(outbox, box, NOW + 100), range(6)))
    assert Counter(m.id for m in box.mails) == Counter(m.id for m in mails)


def test_message_under_another_master_key_is_abandoned_and_not_sent_empty(
    any_engine: Engine,
) -> None:
    SqlOutbox(any_engine, Encryptor([KEY])).put(mail())
    box = Mailbox()
    other = SqlOutbox(any_engine, Encryptor([b"x" * 32]))
    outcome = deliver_next(other, box, lambda: NOW)
    assert isinstance(outcome, Outcome)
    assert (outcome.result, box.mails) == (Result.GIVEN_UP, [])
    assert "master key" in outcome.error


def test_message_encrypted_under_the_older_of_two_master_keys_is_sent(any_engine: Engine) -> None:
    SqlOutbox(any_engine, Encryptor([KEY])).put(mail())
    assert deliver(SqlOutbox(any_engine, Encryptor([b"n" * 32, KEY])), Mailbox()) == [Result.SENT]


def test_cleanup_deletes_finished_messages_and_no_queued_ones(any_engine: Engine) -> None:
    outbox = SqlOutbox(any_engine, Encryptor([KEY]))
    for n in range(3):
        outbox.put(mail(n))
    deliver(outbox, Mailbox(), NOW)  # only the first is due
    outbox.put(mail(5))
    assert purge_mail(any_engine, NOW + 100, 10) == 1
    assert len(deliver(outbox, Mailbox(), NOW + 100)) == 3


@pytest.mark.parametrize(
    "recipient",
    [
        "ada@example.com\nBcc: eve@example.com",
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com, eve@example.com",
        "<ada@example.com>",
        # "eve@example.net,", in the encoding of headers (RFC 2047).
        "=?us-ascii?b?ZXZlQGV4YW1wbGUubmV0LA==?=@example.com",
        '"ada eve"@example.com',
        "ada",
        "@example.com",
        "ada@",
        "\0@example.com",
    ],
)
def test_recipient_that_is_not_one_plain_address_is_rejected(recipient: str) -> None:
    with pytest.raises(UnsendableMail):
        new_mail("verify_email", recipient, BODY, NOW)


@pytest.mark.parametrize("subject", ["Hello\nBcc: eve@example.com", "a\rb", "a\u2028b", "x" * 201])
def test_subject_that_is_not_one_line_is_rejected(subject: str) -> None:
    with pytest.raises(UnsendableMail):
        new_mail("verify_email", "ada@example.com", Body(subject, "", ""), NOW)


def test_message_text_is_not_in_its_repr() -> None:
    assert "4711" not in repr(mail())
