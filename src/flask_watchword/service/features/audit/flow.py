"""Drop the oldest entries of the audit log, so that what is left is still one chain."""

from typing import Any

from flask_watchword.accounts.audit import (
    TRIMMED,
    AuditLog,
    Detail,
    Head,
    entries_behind,
    new_event,
    problem_behind,
)
from flask_watchword.clock import system_clock


class BrokenChain(ValueError):
    """What would be dropped was altered: it is evidence."""


def last_before(log: AuditLog, moment: float) -> Head | None:
    """Return the last entry in front of the first that is not older than a moment.

    Args:
        log: what to look through, from its beginning on.
        moment: seconds since the epoch.

    Returns:
        The entry; ``None`` where the first one is not older.

    Raises:
        BrokenChain: when one of them does not follow from the one before.
    """
    start = last = log.start()
    for entry in entries_behind(log, start):
        if problem := problem_behind(last, entry):
            raise BrokenChain(problem)
        if entry.event.at >= moment:
            break
        last = Head(entry.seq, entry.hash)
    return last if last != start else None


def append_entry(log: AuditLog, event: str, actor: str, **detail: Detail) -> None:
    """Append an entry outside of a transaction, for commands that run without the master key.

    Everything else writes with :meth:`Transaction.audit`.

    Args:
        log: the audit log.
        event: the name of the event, which is part of the API.
        actor: the name of the command.
        detail: further facts, never a secret.
    """
    facts: dict[str, Any] = dict(detail)
    log.append([new_event(event, system_clock(), actor=actor, **facts)])


def announce(log: AuditLog, until: Head, actor: str) -> None:
    """Append an entry that says what is dropped, and by whom: without it the chain is broken.

    Args:
        log: the audit log, before anything is dropped.
        until: the last entry to drop.
        actor: the name of the command.
    """
    append_entry(log, TRIMMED, actor, until=until.seq, hash=until.hash)


def drop_some(log: AuditLog, until: Head, limit: int) -> int:
    """Drop some of the oldest entries; return how many, 0 when those up to the last one are gone.

    Args:
        log: what to drop them from.
        until: the last one to drop, which :func:`announce` has told of.
        limit: maximum number of results.
    """
    while (start := log.start()).seq < until.seq:
        page = log.after(start.seq, min(limit, until.seq - start.seq))
        if not page or page[-1].seq > until.seq:
            # Somebody else has removed them meanwhile, and not by dropping.
            return 0
        last = Head(page[-1].seq, page[-1].hash)
        if log.drop(start, last):
            return len(page)
    return 0
