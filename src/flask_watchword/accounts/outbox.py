"""Outbox: e-mail is stored in the transaction that causes it, and sent until it is accepted.

Delivery is at least once. A worker can die between the server's acceptance and recording it; then
another worker sends the message again. Both have the same Message-ID, by which mailboxes detect
duplicates.

A request that must not reveal whether it sends a message stores a decoy if it does not: a message
without a recipient, which is claimed, passed to the transport and recorded like any other. Sending
slows down concurrent requests, in the interpreter and in the database. Without decoys their timing
would reveal whether a message was sent.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from flask_watchword.accounts.emails import ENCODED_WORD, mailbox
from flask_watchword.accounts.reencryption import ReencryptionResult
from flask_watchword.clock import Clock

#: The most attempts to send a message; with the pauses below they take about a day.
MAX_ATTEMPTS = 12

_FIRST_PAUSE = 15.0
_LONGEST_PAUSE = 4 * 3600.0

#: Seconds for which a claim of a worker is valid; longer than any attempt to send takes.
LEASE = 300.0

_MAX_SUBJECT_CHARACTERS = 200
_MAX_ERROR_CHARACTERS = 500


class UnsendableMail(ValueError):
    """The recipient or the subject could be parsed as other headers; the text gives the reason."""


@dataclass(frozen=True, slots=True)
class Body:
    """The content of a message. It is secret, because it may contain a one-time code.

    Attributes:
        subject: one line.
        text: plain text part.
        html: HTML part.
    """

    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """A message to one mailbox. Make one with :func:`new_mail`.

    Attributes:
        id: unique id, also the first half of its Message-ID, however often it is sent.
        kind: kind of the message for the audit log and for operators, such as ``verify_email``.
        recipient: address of one mailbox; empty for a decoy.
        body: content of the message.
        created_at: seconds since the epoch; its Date.
        expires_at: when the code in it expires, after which it is not sent.
    """

    id: str
    kind: str
    recipient: str
    body: Body
    created_at: float
    expires_at: float

    @property
    def is_decoy(self) -> bool:
        """Return whether it is a decoy, which is delivered to no mailbox."""
        return not self.recipient


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A message claimed by one worker for a limited time.

    Attributes:
        mail: the message.
        attempt: number of this attempt, from 1.
        claim: random value by which the store recognizes the claim.
        is_readable: whether the body could be decrypted; if not it is empty.
    """

    mail: Mail
    attempt: int
    claim: str
    is_readable: bool = True


class Outbox(Protocol):
    """Stores messages until they are sent, and deletes their bodies then."""

    def put(self, mail: Mail) -> None:
        """Store a message that is due now, in the transaction of the change that causes it."""

    def put_decoy(self, mail: Mail) -> None:
        """Store a message like :meth:`put`, but without its recipient."""

    def claim(self, now: float, lease: float) -> ClaimedMail | None:
        """Claim and return the message that has been due for longest, or ``None``.

        Atomic: no other worker gets it before ``now + lease``; after that this worker counts as
        dead. The attempt is counted now, so that a message that kills workers is not retried
        forever.
        """

    def sent(self, mail_id: str, now: float) -> None:
        """Mark a message as sent, whichever worker has its claim; delete its body."""

    def retry(self, claimed: ClaimedMail, due_at: float, error: str) -> None:
        """Make a message due again, if this worker still has its claim."""

    def give_up(self, claimed: ClaimedMail, now: float, error: str) -> None:
        """Mark a message as given up, if this worker still has its claim; delete its body."""

    def reencrypt(self) -> ReencryptionResult:
        """Encrypt every body that is under another master key with the first one.

        Each body is one operation, concurrent with requests; those done stay done if others fail.
        """


class SendingFailed(Exception):
    """A message was not sent. The text is for the operator and contains nothing of the body."""


class Rejected(SendingFailed):
    """The server has rejected a message permanently."""


class Transport(Protocol):
    """Sends messages."""

    def send(self, mail: Mail) -> None:
        """Send a message; return when a server has accepted responsibility for it.

        Raises:
            Rejected: when another attempt would fail as well.
            SendingFailed: when another attempt may succeed.
        """

    def send_decoy(self, mail: Mail) -> None:
        """Do the work of :meth:`send` that needs no recipient.

        Raises:
            SendingFailed: as :meth:`send` would.
        """


class Result(StrEnum):
    """Result of an attempt to send."""

    SENT = "sent"
    RETRY = "retry"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of an attempt to send a message.

    Attributes:
        mail: the message.
        result: the result.
        error: the reason if it was not sent.
    """

    mail: Mail
    result: Result
    error: str = ""


def new_mail(kind: str, recipient: str, body: Body, now: float, lifetime: float = 86_400.0) -> Mail:
    """Return a new message.

    Args:
        kind: kind of the message.
        recipient: one address.
        body: content of the message.
        now: seconds since the epoch.
        lifetime: lifetime in seconds of the code in it, after which it is not sent.

    Raises:
        UnsendableMail: when the recipient or the subject could be parsed as further headers or
            recipients. Registration accepts no such address.
    """
    to = mailbox(recipient)
    name, at, domain = to.rpartition("@")
    is_one = not set(to) & set(' <>,"') and ENCODED_WORD not in to
    if not (name and at and domain) or not to.isprintable() or not is_one:
        raise UnsendableMail("the recipient is not one plain address")
    if not body.subject.isprintable() or len(body.subject) > _MAX_SUBJECT_CHARACTERS:
        raise UnsendableMail("the subject is not one line")
    return Mail(uuid.uuid4().hex, kind, to, body, now, now + lifetime)


def pause_after(attempt: int) -> float:
    """Return the seconds until the next attempt, which increase up to some hours."""
    return float(min(_FIRST_PAUSE * 3 ** (attempt - 1), _LONGEST_PAUSE))


def deliver_next(outbox: Outbox, transport: Transport, clock: Clock) -> Outcome | None:
    """Send the message that has been due for longest.

    No lock is held while the mail server is working.

    Returns the outcome, or ``None`` if no message is due.
    """
    now = clock()
    claimed = outbox.claim(now, LEASE)
    if claimed is None:
        return None
    reason = _reason_not_to_send(claimed, now)
    if reason:
        return _given_up(outbox, claimed, now, reason)
    try:
        if claimed.mail.is_decoy:
            transport.send_decoy(claimed.mail)
        else:
            transport.send(claimed.mail)
    except SendingFailed as failure:
        return _failed(outbox, claimed, clock(), failure)
    outbox.sent(claimed.mail.id, clock())
    return Outcome(claimed.mail, Result.SENT)


def deliver_due(outbox: Outbox, transport: Transport, clock: Clock, most: int) -> Sequence[Outcome]:
    """Send due messages, at most ``most``; return their outcomes."""
    outcomes: list[Outcome] = []
    while len(outcomes) < most and (outcome := deliver_next(outbox, transport, clock)):
        outcomes.append(outcome)
    return outcomes


def _reason_not_to_send(claimed: ClaimedMail, now: float) -> str:
    if not claimed.is_readable:
        return "its body is encrypted with another master key"
    if now >= claimed.mail.expires_at:
        return "it expired before it could be sent"
    if claimed.attempt > MAX_ATTEMPTS:
        return f"{MAX_ATTEMPTS} workers crashed while sending it"
    return ""


def _failed(outbox: Outbox, claimed: ClaimedMail, now: float, failure: SendingFailed) -> Outcome:
    error = str(failure)[:_MAX_ERROR_CHARACTERS]
    due_at = now + pause_after(claimed.attempt)
    if isinstance(failure, Rejected) or claimed.attempt >= MAX_ATTEMPTS:
        return _given_up(outbox, claimed, now, error)
    # Due at its expiry at the latest, so that the next attempt gives it up.
    outbox.retry(claimed, min(due_at, max(now, claimed.mail.expires_at)), error)
    return Outcome(claimed.mail, Result.RETRY, error)


def _given_up(outbox: Outbox, claimed: ClaimedMail, now: float, error: str) -> Outcome:
    outbox.give_up(claimed, now, error)
    return Outcome(claimed.mail, Result.GIVEN_UP, error)
