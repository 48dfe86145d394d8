"""Drop the oldest entries of the audit log, so that what is left is still one chain."""

from flask_watchword.accounts.audit import TRIMMED, AuditLog, Head, entries_behind, problem_behind
from flask_watchword.service.features.admin_users.flow import Administrator


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


def announce(log: AuditLog, until: Head, at: float, by: Administrator) -> None:
    """Add an entry that tells what is dropped, and by whom: without it the rest is not whole.

    Args:
        log: what to add it to, before anything is dropped.
        until: the last entry to drop.
        at: when, in seconds since the epoch.
        by: who drops it.
    """
    log.append([by.event(TRIMMED, at, "", until=until.seq, hash=until.hash)])


def drop_some(log: AuditLog, until: Head, limit: int) -> int:
    """Drop some of the oldest entries; return how many, 0 when those up to the last one are gone.

    Args:
        log: what to drop them from.
        until: the last one to drop, which :func:`announce` has told of.
        limit: how many at most.
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
