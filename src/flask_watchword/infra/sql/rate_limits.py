"""Counted tries in a SQL database, exact across processes."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Engine, bindparam, delete, select, text, update

from flask_watchword.accounts.rate_limits import Hit
from flask_watchword.infra.sql import tables
from flask_watchword.infra.sql.batches import batch
from flask_watchword.infra.sql.executor import Statements
from flask_watchword.infra.sql.transactions import database_at

_throttle = tables.throttle.c

# One statement asks and counts. Two at once: the second waits for the row and looks at it anew.
# The casts tell PostgreSQL what the values are; SQLite and it spell the larger of two differently.
_TAKE = text("""
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

_this_one = _throttle.key == bindparam("this_key")

_GET = select(_throttle.until).where(_this_one)

_GIVE_BACK = (
    update(tables.throttle).where(_this_one).values(until=_throttle.until - bindparam("paid"))
)

_FORGET = delete(tables.throttle).where(_this_one)

# What somebody else is writing at the moment is in use, and left.
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
    """A throttle store over an engine whose schema is in place.

    It takes part in nobody's transaction: a try counts although its request fails.
    """

    def __init__(self, engine: Engine) -> None:
        self._database = database_at(engine)

    def take(self, charges: Sequence[Hit], now: int) -> int:
        """Count one try on every limit, or on none."""
        try:
            self._database.transact(lambda statements: _take_all(statements, charges, now))
        except _NoRoomError as no_room:
            return no_room.wait
        return 0

    def refund(self, charges: Sequence[Hit]) -> None:
        """Count one try less on every limit."""
        if charges:
            self._database.transact(lambda statements: _give_back_all(statements, charges))

    def remember(
        self,
        key: str,
        until: int,
        now: int,
        *,
        paid_back: Sequence[Hit] = (),
        forgotten: str | None = None,
    ) -> None:
        """Keep a key until a moment, and count what is forgotten or paid back no more."""
        charges = {charge.key: charge for charge in paid_back}

        def work(statements: Statements) -> None:
            # In the order in which tries are taken: see `_in_order`.
            for name in sorted({key, *charges} | ({forgotten} if forgotten else set())):
                if name == forgotten:
                    statements.count(_FORGET, {"this_key": name})
                elif name == key:
                    statements.count(_REMEMBER, {"key": name, "until": until})
                else:
                    _give_back(statements, charges[name])

        self._database.transact(work)

    def remembers(self, key: str, now: int) -> bool:
        """Tell whether a key is kept."""
        until = _until(self._database, key)
        return until is not None and until > now

    def purge(self, now: int, limit: int) -> int:
        """Delete up to ``limit`` moments that are past."""
        return self._database.count(_PURGE, {"now": now, "most": limit})


class _NoRoomError(Exception):
    """Undoes what the transaction has counted so far."""

    def __init__(self, wait: int) -> None:
        super().__init__()
        self.wait = wait


def _take_all(statements: Statements, charges: Sequence[Hit], now: int) -> None:
    # Every limit that has no room is asked how long it takes, not only the first of them.
    wait = max((_take(statements, charge, now) for charge in _in_order(charges)), default=0)
    if wait:
        raise _NoRoomError(wait)


def _in_order(charges: Sequence[Hit]) -> Sequence[Hit]:
    # The same for all, or two that lock the same rows could wait for each other.
    return sorted(charges, key=lambda charge: charge.key)


def _take(statements: Statements, charge: Hit, now: int) -> int:
    full = now + charge.depth
    values = {"key": charge.key, "now": now, "interval": charge.interval, "full": full}
    if statements.rows(_TAKE, values):
        return 0
    held = _until(statements, charge.key) or now
    # At least 1: where it was given back in between there is room by now, but it was not taken.
    return max(1, held + charge.interval - full)


def _give_back_all(statements: Statements, charges: Sequence[Hit]) -> None:
    for charge in _in_order(charges):
        _give_back(statements, charge)


def _give_back(statements: Statements, charge: Hit) -> None:
    statements.count(_GIVE_BACK, {"this_key": charge.key, "paid": charge.interval})


def _until(statements: Statements, key: str) -> int | None:
    for (until,) in statements.rows(_GET, {"this_key": key}):
        return int(until)
    return None
