"""The audit log: what happened to accounts, in a chain that shows what was done to it since."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

#: What a detail may be.
Detail: TypeAlias = str | int | float | bool | None

#: What stands before the first entry.
NO_HASH = "0" * 64

#: The event that tells until which number entries were dropped.
TRIMMED = "audit_trimmed"

#: Entries that are read at a time.
_PAGE = 500

_MAX_CHARACTERS = {"event": 64, "subject": 255, "session": 255, "address": 64, "agent": 512}
_MAX_DETAIL_CHARACTERS = 512


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. Make one with :func:`new_event`.

    Attributes:
        event: its name, stable: ``login_failed``.
        at: seconds since the epoch.
        subject: whose account it is about; empty where nobody's.
        session: of which session the request was; empty where of none.
        address: where the request came from.
        agent: its User-Agent.
        detail: what else is worth knowing, never a secret. An e-mail address that has no account
            may be a password in the wrong field: leave it out.
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
    """An event in its place in the chain.

    Attributes:
        seq: its number, from 1 on without a gap.
        event: what happened.
        hash: over this entry and the hash of the one before, in hexadecimal.
    """

    seq: int
    event: Event
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry, as the log itself has noted it.

    Attributes:
        seq: its number; 0 where nothing happened yet.
        hash: its hash.
    """

    seq: int = 0
    hash: str = NO_HASH


class AuditLog(Protocol):
    """Keeps entries: adds to their end, and drops what is too old from their beginning."""

    def append(self, events: Sequence[Event]) -> Head:
        """Add events at the end, in their order; return where the chain ends then.

        Atomic: however many processes append at once, they do so one after the other, and the
        chain is one. Whoever appends in a larger transaction makes the others wait until it is
        over, so that it belongs at its end.
        """

    def head(self) -> Head | None:
        """Return what the log has noted of its end; ``None`` where it has noted nothing yet."""

    def start(self) -> Head:
        """Return the last entry that was dropped, behind which the chain begins."""

    def drop(self, before: Head, last: Head) -> bool:
        """Drop entries from the beginning, and note where the chain begins then.

        Args:
            before: what :meth:`start` returned.
            last: the last one to drop.

        Returns:
            Whether they were dropped: not where another has dropped some since.
        """

    def after(self, seq: int, limit: int) -> Sequence[Entry]:
        """Return up to ``limit`` entries behind a number, in their order."""

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
            limit: how many at most.
            subject: those about one account.
            event: those of one name.
            before: those with a smaller number: the next page.
        """


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying a log came to.

    Attributes:
        entries: how many were found to follow from each other.
        head: the last of these.
        broken_at: the number at which the chain is broken; ``None`` where it is whole.
        problem: what is wrong there.
    """

    entries: int
    head: Head
    broken_at: int | None = None
    problem: str = ""

    @property
    def is_whole(self) -> bool:
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
    """Return an event whose texts every store keeps as they are: bounded, without NUL.

    A client chooses some of them, and none of what it chooses may keep an event from being kept.
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
    """Return a text as any database keeps it, cut where it is too long."""
    whole = text[:longest].encode("utf-8", "replace").decode("utf-8")
    return whole.replace("\0", "\N{REPLACEMENT CHARACTER}")


def detail_text(event: Event) -> str:
    """Return the details of an event as canonical JSON."""
    return _canonical(dict(event.detail))


def follow(before: Head, events: Iterable[Event]) -> list[Entry]:
    """Return events as the entries that follow another, one after the other."""
    entries: list[Entry] = []
    for event in events:
        seq = before.seq + 1
        entries.append(Entry(seq, event, _hash(seq, event, before.hash)))
        before = Head(seq, entries[-1].hash)
    return entries


def verify(log: AuditLog, expected: Head | None = None) -> Verdict:
    """Walk along the whole log and find the first place at which it does not follow from itself.

    Each entry has to carry the next number and the hash over itself and the one before, and the
    last one has to be the one that the log has noted. Where the beginning was dropped an entry has
    to tell of it. Who may write to the database can make a new chain, of course, and that one is
    whole. To find even that, keep what an earlier verdict said was the head, somewhere else.

    Args:
        log: what to verify.
        expected: an entry that has to be there, as noted elsewhere.
    """
    while True:
        start = log.start()
        verdict = _walk(log, start, expected)
        # Where the beginning was dropped meanwhile it was another log that was walked along.
        if verdict.is_whole or log.start() == start:
            return verdict


def _walk(log: AuditLog, start: Head, expected: Head | None) -> Verdict:
    # Asked first: what is appended meanwhile is beyond it, and verified all the same.
    noted = log.head() or Head()
    known = [head for head in (noted, expected or Head()) if head.seq]
    last, told_of = start, 0
    if expected and 0 < expected.seq <= start.seq and expected != start:
        problem = f"entry {expected.seq}, which was noted, is before {start.seq + 1}, the first one"
        return Verdict(0, start, start.seq + 1, problem)
    for entry in entries_behind(log, start):
        problem = problem_behind(last, entry) or _unexpected(entry, known)
        if problem:
            return Verdict(last.seq - start.seq, last, last.seq + 1, problem)
        last = Head(entry.seq, entry.hash)
        told_of = max(told_of, _dropped_until(entry.event))
    entries = last.seq - start.seq
    missing = max((head.seq for head in known), default=0)
    if last.seq < missing:
        problem = f"entries up to {missing} were removed from the end"
    elif start.seq > told_of:
        problem = f"entries up to {start.seq} were removed, and no entry tells of it"
        return Verdict(entries, last, start.seq, problem)
    elif last.seq and log.head() is None:
        problem = "the note of where the log ends was removed"
    else:
        return Verdict(entries, last)
    return Verdict(entries, last, last.seq + 1, problem)


def entries_behind(log: AuditLog, start: Head) -> Iterator[Entry]:
    """Yield every entry behind one, in their order; some are held in memory at a time."""
    last = start.seq
    while page := log.after(last, _PAGE):
        yield from page
        last = page[-1].seq


def problem_behind(before: Head, entry: Entry) -> str:
    """Return why an entry does not follow from the one before; nothing where it does."""
    if entry.seq != before.seq + 1:
        return f"after entry {before.seq} comes {entry.seq}: what was between is removed"
    if entry.hash != _hash(entry.seq, entry.event, before.hash):
        return f"entry {entry.seq} was altered or inserted, or the one before it altered"
    return ""


def _unexpected(entry: Entry, known: Sequence[Head]) -> str:
    if all(entry.seq != head.seq or entry.hash == head.hash for head in known):
        return ""
    return f"entry {entry.seq} is not the one that was noted: the log was written anew from there"


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
    # One text for one value: members in order, no white space, ASCII, numbers as Python repeats
    # them exactly.
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
