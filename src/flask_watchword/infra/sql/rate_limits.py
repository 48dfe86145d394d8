"""Rate limits in a SQL database, exact across processes."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Engine, bindparam, delete, select, text, update

from flask_watchword.accounts.rate_limits import Hit
from flask_watchword.infra.sql import tables
from flask_watchword.infra.sql.batches import batch
from flask_watchword.infra.sql.executor import Statements
from flask_watchword.infra.sql.transactions import database_at

_throttle = tables.throttle.c

# One statement checks and counts. A concurrent one waits for the row and reads it again. The casts
# tell PostgreSQL the types. CASE, because the two databases have different names for the maximum
# of two values.
_CONSUME = text("""
    INSERT INTO watchword_throttle AS held (key, until)
    VALUES (:key, CAST(:now AS BIGINT) + CAST(:interval AS BIGINT))
    ON CONFLICT (key) DO UPDATE
    SET until = CASE WHEN held.until > :now THEN held.until ELSE :now END + :interval
    WHERE CASE WHEN held.until > :now THEN held.until ELSE :now END + :interval <= :full
    RETURNING until
""").columns(until=BigInteger)

_REMEMBER = text("""
    INSERT INTO watchword_throttle AS held (key, until) VALUES (:key, :until)
    ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE excluded.until > held.until
""")

_this_key = _throttle.key == bindparam("this_key")

_GET = select(_throttle.until).where(_this_key)

_REFUND = (
    update(tables.throttle).where(_this_key).values(until=_throttle.until - bindparam("interval"))
)

_RESET = delete(tables.throttle).where(_this_key)

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

    It never takes part in the caller's transaction: an attempt counts even if its request fails.
    """

    def __init__(self, engine: Engine) -> None:
        self._database = database_at(engine)

    def consume(self, hits: Sequence[Hit], now: int) -> int:
        """Count one attempt against every limit, or against none."""
        try:
            self._database.transact(lambda statements: _consume_all(statements, hits, now))
        except _LimitExceededError as exceeded:
            return exceeded.wait
        return 0

    def refund(self, hits: Sequence[Hit]) -> None:
        """Count one attempt less against every limit."""
        if hits:
            self._database.transact(lambda statements: _refund_all(statements, hits))

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
        hits = {hit.key: hit for hit in refunded}

        def work(statements: Statements) -> None:
            # In the same order as attempts: see `_in_order`.
            for name in sorted({key, *hits} | ({reset} if reset else set())):
                if name == reset:
                    statements.count(_RESET, {"this_key": name})
                elif name == key:
                    statements.count(_REMEMBER, {"key": name, "until": until})
                else:
                    _refund(statements, hits[name])

        self._database.transact(work)

    def remembers(self, key: str, now: int) -> bool:
        """Return whether a key is remembered."""
        until = _until(self._database, key)
        return until is not None and until > now

    def purge(self, now: int, limit: int) -> int:
        """Delete up to ``limit`` expired keys."""
        return self._database.count(_PURGE, {"now": now, "most": limit})


class _LimitExceededError(Exception):
    """Rolls back what the transaction has counted so far."""

    def __init__(self, wait: int) -> None:
        super().__init__()
        self.wait = wait


def _consume_all(statements: Statements, hits: Sequence[Hit], now: int) -> None:
    # The wait is the longest of all exceeded limits, not only of the first.
    wait = max((_consume(statements, hit, now) for hit in _in_order(hits)), default=0)
    if wait:
        raise _LimitExceededError(wait)


def _in_order(hits: Sequence[Hit]) -> Sequence[Hit]:
    # One order for all, or two transactions that lock the same rows could deadlock.
    return sorted(hits, key=lambda hit: hit.key)


def _consume(statements: Statements, hit: Hit, now: int) -> int:
    full = now + hit.depth
    values = {"key": hit.key, "now": now, "interval": hit.interval, "full": full}
    if statements.rows(_CONSUME, values):
        return 0
    held = _until(statements, hit.key) or now
    # At least 1: after a concurrent refund there may be room by now, but nothing was counted.
    return max(1, held + hit.interval - full)


def _refund_all(statements: Statements, hits: Sequence[Hit]) -> None:
    for hit in _in_order(hits):
        _refund(statements, hit)


def _refund(statements: Statements, hit: Hit) -> None:
    statements.count(_REFUND, {"this_key": hit.key, "interval": hit.interval})


def _until(statements: Statements, key: str) -> int | None:
    for (until,) in statements.rows(_GET, {"this_key": key}):
        return int(until)
    return None
