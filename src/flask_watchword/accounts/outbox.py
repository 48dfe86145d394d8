"""E-mail that is not lost: written with the change that causes it, sent until it is sent.

Sending is at least once. Between a server's OK and the note of it a worker can die, and then
another sends again; both have the same Message-ID, by which mailboxes know them for one.

Where a request must not tell whether it sends a message, it puts a decoy into the outbox instead:
a message without a recipient, which is claimed, handed to the transport and noted like any other.
Sending takes time from the requests beside it, in the interpreter and in the database. Without
decoys these would tell by their time whether a message was sent.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from flask_watchword.accounts.emails import ENCODED_WORD, mailbox
from flask_watchword.accounts.reencryption import ReencryptionResult
from flask_watchword.clock import Clock

#: After so many tries nobody tries again: about a day, by the pauses below.
MAX_ATTEMPTS = 12

_FIRST_PAUSE = 15.0
_LONGEST_PAUSE = 4 * 3600.0

#: Seconds for which a worker has a message to itself. Longer than any try at sending may take.
LEASE = 300.0

_MAX_SUBJECT_CHARACTERS = 200
_MAX_ERROR_CHARACTERS = 500


class UnsendableMail(ValueError):
    """A message that would not be the one it looks like; the text says why."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a message says; it may hold a code, so it is a secret.

    Attributes:
        subject: one line.
        text: the part for everybody.
        html: the part for who can show it.
    """

    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """A message to one mailbox. Make one with :func:`new_mail`.

    Attributes:
        id: its name, also the first half of its Message-ID, however often it is sent.
        kind: what it is, for the audit log and for people: ``verify_email``.
        recipient: the address that mail goes to, one mailbox; empty for a decoy.
        body: what it says.
        created_at: seconds since the epoch; its Date.
        expires_at: when it is of no use any more, as the code in it is over.
    """

    id: str
    kind: str
    recipient: str
    body: Body
    created_at: float
    expires_at: float

    @property
    def is_decoy(self) -> bool:
        """Tell whether it is a decoy, which is delivered to no mailbox."""
        return not self.recipient


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A message that one worker has to itself for a while.

    Attributes:
        mail: the message.
        attempt: which try this is, from 1 on.
        claim: proves to the store whose it is.
        is_readable: whether the body could be opened; if not it is empty.
    """

    mail: Mail
    attempt: int
    claim: str
    is_readable: bool = True


class Outbox(Protocol):
    """Keeps messages until they are sent, and their bodies no longer than that."""

    def put(self, mail: Mail) -> None:
        """Keep a message that is due at once: in the transaction of the change that causes it."""

    def put_decoy(self, mail: Mail) -> None:
        """Keep a message as :meth:`put` does, but without its recipient."""

    def claim(self, now: float, lease: float) -> ClaimedMail | None:
        """Return the message that has been due for longest; ``None`` when none is.

        Atomic: nobody else gets it before ``now + lease``, and after that anybody may, since
        then this worker counts as dead. The try counts from here on, so that a message at which
        workers die is not tried for ever.
        """

    def sent(self, mail_id: str, now: float) -> None:
        """Note that a message was sent, whoever has claimed it by now; delete its body."""

    def retry(self, claimed: ClaimedMail, due_at: float, error: str) -> None:
        """Make a message due again, if it is still this worker's."""

    def give_up(self, claimed: ClaimedMail, now: float, error: str) -> None:
        """Note that nobody tries again, if it is still this worker's; delete its body."""

    def reseal(self) -> ReencryptionResult:
        """Seal every body under the first master key that is under another one.

        Each by itself, beside requests; what was done counts although the rest fails.
        """


class SendingFailed(Exception):
    """A message was not taken. The text is for the operator and holds nothing of its body."""


class Rejected(SendingFailed):
    """A message that will never be taken: the server said so for good."""


class Transport(Protocol):
    """The way out."""

    def send(self, mail: Mail) -> None:
        """Hand over a message; return when somebody else has taken the responsibility for it.

        Raises:
            Rejected: when trying again would not help.
            SendingFailed: when it may.
        """

    def send_decoy(self, mail: Mail) -> None:
        """Do the work of :meth:`send` as far as it goes without a recipient.

        Raises:
            SendingFailed: as :meth:`send` would.
        """


class Result(StrEnum):
    """What a try came to."""

    SENT = "sent"
    RETRY = "retry"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message.

    Attributes:
        mail: the message.
        result: what the try came to.
        error: why it was not sent.
    """

    mail: Mail
    result: Result
    error: str = ""


def new_mail(kind: str, recipient: str, body: Body, now: float, lifetime: float = 86_400.0) -> Mail:
    """Return a message with a name of its own.

    Args:
        kind: what it is.
        recipient: one address.
        body: what it says.
        now: seconds since the epoch.
        lifetime: seconds for which it is of use; that of the code in it.

    Raises:
        UnsendableMail: when the recipient or the subject could be read as further headers or
            recipients. No address that registration takes is like that.
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
    """Return the seconds until the next try: longer each time, up to some hours."""
    return float(min(_FIRST_PAUSE * 3 ** (attempt - 1), _LONGEST_PAUSE))


def deliver_next(outbox: Outbox, transport: Transport, clock: Clock) -> Outcome | None:
    """Try to send the message that has been due for longest.

    Nothing is locked while the mail server takes its time.

    Returns what became of it; ``None`` when no message is due.
    """
    now = clock()
    claimed = outbox.claim(now, LEASE)
    if claimed is None:
        return None
    refused = _refusal(claimed, now)
    if refused:
        return _given_up(outbox, claimed, now, refused)
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
    """Try to send what is due, up to so many messages; return what became of each."""
    outcomes: list[Outcome] = []
    while len(outcomes) < most and (outcome := deliver_next(outbox, transport, clock)):
        outcomes.append(outcome)
    return outcomes


def _refusal(claimed: ClaimedMail, now: float) -> str:
    if not claimed.is_readable:
        return "what it says was sealed under another master key"
    if now >= claimed.mail.expires_at:
        return "it was of no use any more before it could be sent"
    if claimed.attempt > MAX_ATTEMPTS:
        return f"{MAX_ATTEMPTS} workers died while sending it"
    return ""


def _failed(outbox: Outbox, claimed: ClaimedMail, now: float, failure: SendingFailed) -> Outcome:
    error = str(failure)[:_MAX_ERROR_CHARACTERS]
    due_at = now + pause_after(claimed.attempt)
    if isinstance(failure, Rejected) or claimed.attempt >= MAX_ATTEMPTS:
        return _given_up(outbox, claimed, now, error)
    # Due once more at its end, and then given up: who looks finds out that it is of no use.
    outbox.retry(claimed, min(due_at, max(now, claimed.mail.expires_at)), error)
    return Outcome(claimed.mail, Result.RETRY, error)


def _given_up(outbox: Outbox, claimed: ClaimedMail, now: float, error: str) -> Outcome:
    outbox.give_up(claimed, now, error)
    return Outcome(claimed.mail, Result.GIVEN_UP, error)
