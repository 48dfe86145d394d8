"""The audit log of accounts: a hash chain that reveals later changes."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

#: The value of a detail.
Detail: TypeAlias = str | int | float | bool | None

#: The previous hash of the first entry.
NO_HASH = "0" * 64

#: The event that records up to which number entries were deleted.
TRIMMED = "audit_trimmed"

#: Entries read at a time.
_PAGE = 500

_MAX_CHARACTERS = {"event": 64, "subject": 255, "session": 255, "address": 64, "agent": 512}
_MAX_DETAIL_CHARACTERS = 512


@dataclass(frozen=True, slots=True)
class Event:
    """An event. Create one with :func:`new_event`.

    Attributes:
        event: its stable name, such as ``login_failed``.
        at: seconds since the epoch.
        subject: the id of the affected account; empty if there is none.
        session: the session of the request; empty if there is none.
        address: the client's address.
        agent: the User-Agent of the request.
        detail: further data, never a secret. An e-mail address without an account may be a password
            entered in the wrong field: leave it out.
    """

    event: str
    at: float
    subject: str = ""
    session: str = ""
    address: str = ""
    agent: str = ""
    detail: Mapping[str, Detail] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """An event in the chain.

    Attributes:
        seq: its number, counted from 1 without gaps.
        event: the event.
        hash: hash of this entry and of the previous entry's hash, in hexadecimal.
    """

    seq: int
    event: Event
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The position and hash of an entry, such as the newest one.

    Attributes:
        seq: its number; 0 if the log is empty.
        hash: its hash.
    """

    seq: int = 0
    hash: str = NO_HASH


class AuditLog(Protocol):
    """Stores entries: appends to the end, and deletes old ones from the beginning."""

    def append(self, events: Sequence[Event]) -> Head:
        """Append events in order; return the new head of the chain.

        Atomic: concurrent processes append one after the other, to a single chain. In a larger
        transaction, appending makes other writers wait until the transaction ends, so append as its
        last step.
        """

    def head(self) -> Head | None:
        """Return the recorded head; ``None`` if none was recorded yet."""

    def start(self) -> Head:
        """Return the last deleted entry, after which the chain begins."""

    def drop(self, before: Head, last: Head) -> bool:
        """Delete entries from the beginning, and record the new start of the chain.

        Args:
            before: the result of :meth:`start`.
            last: the last entry to delete.

        Returns:
            Whether they were deleted: not if another process has deleted some since.
        """

    def after(self, seq: int, limit: int) -> Sequence[Entry]:
        """Return up to ``limit`` entries after a number, in order."""

    def newest(
        self,
        limit: int,
        *,
        subject: str | None = None,
        event: str | None = None,
        before: int | None = None,
    ) -> Sequence[Entry]:
        """Return up to ``limit`` of the newest entries, the newest first.

        Args:
            limit: the maximum number.
            subject: only entries about this account.
            event: only entries with this name.
            before: only entries with a smaller number: the next page.
        """


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of verifying a log.

    Attributes:
        entries: number of consecutive valid entries.
        head: the last of these.
        broken_at: the number at which the chain is broken; ``None`` if it is intact.
        problem: what is wrong there.
    """

    entries: int
    head: Head
    broken_at: int | None = None
    problem: str = ""

    @property
    def is_intact(self) -> bool:
        """Tell whether nothing was altered, removed or inserted."""
        return self.broken_at is None


def new_event(
    event: str,
    at: float,
    *,
    subject: str = "",
    session: str = "",
    address: str = "",
    agent: str = "",
    **detail: Detail,
) -> Event:
    """Return an event whose texts any store can hold: bounded, without NUL.

    A client chooses some of them, and no value may prevent an event from being stored.
    """
    texts = {"event": event, "subject": subject, "session": session, "address": address}
    kept = {name: storable(text, _MAX_CHARACTERS[name]) for name, text in texts.items()}
    return Event(
        **kept,
        at=float(at),
        agent=storable(agent, _MAX_CHARACTERS["agent"]),
        detail={
            name: storable(value, _MAX_DETAIL_CHARACTERS) if isinstance(value, str) else value
            for name, value in detail.items()
        },
    )


def storable(text: str, longest: int) -> str:
    """Return a text that any database can store, truncated to a maximum length."""
    whole = text[:longest].encode("utf-8", "replace").decode("utf-8")
    return whole.replace("\0", "\N{REPLACEMENT CHARACTER}")


def detail_text(event: Event) -> str:
    """Return the details of an event as canonical JSON."""
    return _canonical(dict(event.detail))


def follow(before: Head, events: Iterable[Event]) -> list[Entry]:
    """Return events as consecutive entries after a head."""
    entries: list[Entry] = []
    for event in events:
        seq = before.seq + 1
        entries.append(Entry(seq, event, _hash(seq, event, before.hash)))
        before = Head(seq, entries[-1].hash)
    return entries


def verify(log: AuditLog, expected: Head | None = None) -> Verdict:
    """Verify the whole chain, and find the first entry at which it is broken.

    Each entry must have the next number and the hash of itself and the previous hash, and the last
    one must be the recorded head. If the beginning was deleted, an entry must record that. Anyone
    with write access to the database can create a new chain, which is intact. To detect even that,
    store the head of an earlier verification elsewhere.

    Args:
        log: the log.
        expected: an entry that must exist, as stored elsewhere.
    """
    while True:
        start = log.start()
        verdict = _walk(log, start, expected)
        # If the beginning was deleted concurrently, the walk mixed two states of the log: repeat.
        if verdict.is_intact or log.start() == start:
            return verdict


def _walk(log: AuditLog, start: Head, expected: Head | None) -> Verdict:
    # Read first: entries appended concurrently come after it, and are verified as well.
    recorded = log.head() or Head()
    known = [head for head in (recorded, expected or Head()) if head.seq]
    last, recorded_start = start, 0
    if expected and 0 < expected.seq <= start.seq and expected != start:
        problem = f"the expected entry {expected.seq} is before the first one, {start.seq + 1}"
        return Verdict(0, start, start.seq + 1, problem)
    for entry in entries_after(log, start):
        problem = chain_problem(last, entry) or _unexpected(entry, known)
        if problem:
            return Verdict(last.seq - start.seq, last, last.seq + 1, problem)
        last = Head(entry.seq, entry.hash)
        recorded_start = max(recorded_start, _dropped_until(entry.event))
    entries = last.seq - start.seq
    missing = max((head.seq for head in known), default=0)
    if last.seq < missing:
        problem = f"entries up to {missing} were removed from the end"
    elif start.seq > recorded_start:
        problem = f"entries up to {start.seq} were removed, and no entry records it"
        return Verdict(entries, last, start.seq, problem)
    elif last.seq and log.head() is None:
        problem = "the recorded head of the log was removed"
    else:
        return Verdict(entries, last)
    return Verdict(entries, last, last.seq + 1, problem)


def entries_after(log: AuditLog, start: Head) -> Iterator[Entry]:
    """Yield every entry after a head, in order, reading one page at a time."""
    last = start.seq
    while page := log.after(last, _PAGE):
        yield from page
        last = page[-1].seq


def chain_problem(before: Head, entry: Entry) -> str:
    """Return why an entry does not follow the previous one; an empty string if it does."""
    if entry.seq != before.seq + 1:
        return f"entry {before.seq} is followed by {entry.seq}: entries between were removed"
    if entry.hash != _hash(entry.seq, entry.event, before.hash):
        return f"entry {entry.seq} was altered or inserted, or the previous one was altered"
    return ""


def _unexpected(entry: Entry, known: Sequence[Head]) -> str:
    if all(entry.seq != head.seq or entry.hash == head.hash for head in known):
        return ""
    return f"entry {entry.seq} is not the recorded one: the log was rewritten from there"


def _dropped_until(event: Event) -> int:
    until = event.detail.get("until") if event.event == TRIMMED else None
    return until if type(until) is int else 0


def _hash(seq: int, event: Event, before: str) -> str:
    members = {
        "seq": seq,
        "at": event.at,
        "event": event.event,
        "subject": event.subject,
        "session": event.session,
        "address": event.address,
        "agent": event.agent,
        "detail": dict(event.detail),
    }
    return hashlib.sha256(f"{before}{_canonical(members)}".encode("ascii")).hexdigest()


def _canonical(value: Mapping[str, object]) -> str:
    # One text per value: sorted members, no white space, ASCII, numbers in Python's exact `repr`.
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
