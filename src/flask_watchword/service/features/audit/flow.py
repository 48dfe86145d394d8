"""Delete the oldest entries of the audit log, so that the rest is still an intact chain."""

from typing import Any

from flask_watchword.accounts.audit import (
    TRIMMED,
    AuditLog,
    Detail,
    Head,
    chain_problem,
    entries_after,
    new_event,
)
from flask_watchword.clock import system_clock


class BrokenChain(ValueError):
    """An entry that would be deleted was altered: it is evidence."""


def last_before(log: AuditLog, limit: float) -> Head | None:
    """Return the last entry before the first one that is not older than a time.

    Args:
        log: the audit log, which is read from its beginning.
        limit: seconds since the epoch.

    Returns:
        The entry; ``None`` if no entry is older.

    Raises:
        BrokenChain: when one of them is not linked to the one before.
    """
    start = last = log.start()
    for entry in entries_after(log, start):
        if problem := chain_problem(last, entry):
            raise BrokenChain(problem)
        if entry.event.at >= limit:
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
    """Append an entry that records what is deleted and by whom; without it the chain is broken.

    Args:
        log: the audit log, before anything is deleted.
        until: the last entry to delete.
        actor: the name of the command.
    """
    append_entry(log, TRIMMED, actor, until=until.seq, hash=until.hash)


def drop_some(log: AuditLog, until: Head, limit: int) -> int:
    """Delete some of the oldest entries; return how many, or 0 when all of them are deleted.

    Args:
        log: the audit log.
        until: the last entry to delete, which :func:`announce` has recorded.
        limit: the maximum number of entries.
    """
    while (start := log.start()).seq < until.seq:
        page = log.after(start.seq, min(limit, until.seq - start.seq))
        if not page or page[-1].seq > until.seq:
            # They were removed in another way in the meantime.
            return 0
        last = Head(page[-1].seq, page[-1].hash)
        if log.drop(start, last):
            return len(page)
    return 0
