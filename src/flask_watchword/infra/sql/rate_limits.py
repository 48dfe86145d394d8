"""Rate limits in a SQL database, exact across processes."""

from collections.abc import Mapping, Sequence
from functools import cache

from sqlalchemy import Executable, TextClause, bindparam, delete, exc, select, text

from flask_watchword.accounts.rate_limits import Hit
from flask_watchword.infra.sql import tables
from flask_watchword.infra.sql.batches import batch
from flask_watchword.infra.sql.driver import Values
from flask_watchword.infra.sql.transactions import EngineOrConnection, database_at

_throttle = tables.throttle.c

# Hits are counted in the order of their keys, or two statements that lock the same rows could
# deadlock. A limit without room has a positive wait, and then nothing is counted.
_HITS = """
    WITH hits (key, step, depth, is_untrusted) AS (VALUES {values}),
    counted AS (
        SELECT key, step, depth FROM hits
        WHERE is_untrusted = 0 OR NOT EXISTS (
            SELECT 1 FROM watchword_throttle AS trusted
            WHERE trusted.key = :trusted AND trusted.until > CAST(:now AS BIGINT)
        )
    ),
    waits (wait) AS (
        SELECT MAX(CASE WHEN held.until > CAST(:now AS BIGINT) THEN held.until ELSE :now END
                   + counted.step - counted.depth - :now)
        FROM counted LEFT JOIN watchword_throttle AS held ON held.key = counted.key
    )
"""

# A concurrent statement waits for the row and reads it again. If it then finds no room, its time is
# NULL, which the column rejects, and so the whole statement.
_CONSUME = """
    INSERT INTO watchword_throttle AS held (key, until)
    SELECT key, CAST(:now AS BIGINT) + step FROM counted
    WHERE (SELECT wait FROM waits) <= 0
    ORDER BY key
    ON CONFLICT (key) DO UPDATE
    SET until = CASE
        WHEN held.until <= :now THEN excluded.until
        WHEN held.until + excluded.until - 2 * CAST(:now AS BIGINT) <= (
            SELECT depth FROM counted WHERE counted.key = excluded.key
        ) THEN held.until + excluded.until - :now
    END
    RETURNING key
"""

_WAIT = """
    SELECT wait, EXISTS (
        SELECT 1 FROM watchword_throttle AS trusted
        WHERE trusted.key = :trusted AND trusted.until > :now
    ) FROM waits
"""

# The values: a time to remember, a negative number to add, or 0 for a limit to reset. A limit that
# has no row any more gets a past time, which has no meaning.
_CHANGE = """
    INSERT INTO watchword_throttle AS held (key, until) VALUES {values}
    ON CONFLICT (key) DO UPDATE
    SET until = CASE
        WHEN excluded.until < 0 THEN held.until + excluded.until
        WHEN excluded.until = 0 OR excluded.until > held.until THEN excluded.until
        ELSE held.until
    END
"""

_GET = select(_throttle.until).where(_throttle.key == bindparam("this_key"))

# Rows that another transaction is writing are in use, and skipped.
_PURGE = delete(tables.throttle).where(
    _throttle.key.in_(
        batch(
            select(_throttle.key)
            .where(_throttle.until <= bindparam("now"))
            .order_by(_throttle.until)
            .limit(bindparam("most"))
        )
    )
)


class SqlRateLimitStore:
    """A rate limit store in a database with our schema.

    Args:
        place: an engine: an attempt counts even if its request fails. Only what follows a
            successful attempt belongs in a transaction, with its connection.
    """

    def __init__(self, place: EngineOrConnection) -> None:
        self._database = database_at(place)

    def consume(self, hits: Sequence[Hit], now: int) -> int:
        """Count one attempt against every limit, or against none."""
        return self.consume_by_trust("", hits, (), now)[0]

    def consume_by_trust(
        self, key: str, hits: Sequence[Hit], untrusted_hits: Sequence[Hit], now: int
    ) -> tuple[int, bool]:
        """Count one attempt, and return whether the key is remembered."""
        values = _hit_values((*hits, *untrusted_hits)) | {"trusted": key, "now": now}
        statements = _statements_for(len(hits), len(untrusted_hits))
        counted = self._consume(statements[0], values)
        if counted:
            return 0, not {hit.key for hit in untrusted_hits} <= counted
        ((wait, is_trusted),) = self._database.rows(statements[1], values)
        # At least 1: after a concurrent refund there may be room by now, but nothing was counted.
        return max(1, wait), bool(is_trusted)

    def refund(self, hits: Sequence[Hit]) -> None:
        """Count one attempt less against every limit."""
        if hits:
            self._change({hit.key: -hit.interval for hit in hits})

    def remember(
        self,
        key: str,
        until: int,
        now: int,
        *,
        refunded: Sequence[Hit] = (),
        reset: str | None = None,
    ) -> None:
        """Remember a key until a time, and refund or reset limits."""
        changes = {hit.key: -hit.interval for hit in refunded} | {key: until}
        self._change(changes if reset is None else changes | {reset: 0})

    def remembers(self, key: str, now: int) -> bool:
        """Return whether a key is remembered."""
        rows = self._database.rows(_GET, {"this_key": key})
        return bool(rows) and rows[0][0] > now

    def purge(self, now: int, limit: int) -> int:
        """Delete up to ``limit`` expired keys."""
        return self._database.count(_PURGE, {"now": now, "most": limit})

    def _consume(self, statement: Executable, values: Values) -> set[str]:
        try:
            return {key for (key,) in self._database.rows(statement, values)}
        except exc.IntegrityError:
            return set()  # a concurrent attempt took the room

    def _change(self, changes: Mapping[str, int]) -> None:
        values: dict[str, str | int] = {}
        # In the same order as attempts.
        for number, key in enumerate(sorted(changes)):
            values |= {f"key_{number}": key, f"until_{number}": changes[key]}
        self._database.send(_change_of(len(changes)), values)


def _hit_values(hits: Sequence[Hit]) -> dict[str, str | int]:
    values: dict[str, str | int] = {}
    for number, hit in enumerate(hits):
        values[f"key_{number}"] = hit.key
        values[f"step_{number}"] = hit.interval
        values[f"depth_{number}"] = hit.depth
    return values


@cache
def _statements_for(always: int, untrusted: int) -> tuple[TextClause, TextClause]:
    """Return the statements that count so many hits, and that read their wait."""
    rows = ", ".join(
        f"(CAST(:key_{number} AS TEXT), CAST(:step_{number} AS BIGINT),"
        f" CAST(:depth_{number} AS BIGINT), {int(number >= always)})"
        for number in range(always + untrusted)
    )
    hits = _HITS.format(values=rows)
    return text(hits + _CONSUME), text(hits + _WAIT)


@cache
def _change_of(number: int) -> TextClause:
    rows = ", ".join(f"(:key_{n}, CAST(:until_{n} AS BIGINT))" for n in range(number))
    return text(_CHANGE.format(values=rows))
