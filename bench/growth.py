"""Rows: how much slower a refresh is with many sessions."""

import time
from collections.abc import Iterator
from itertools import count

from sqlalchemy import create_engine, make_url

from bench.contest import Paces, Question
from bench.places import PLACES
from bench.results import Row, Target, compare
from flask_watchword.infra.sql.factory import open_sql_sessions
from flask_watchword.sessions.refresh import refresh
from flask_watchword.sessions.session import Lifetimes

SECTION = "A refresh at the store with few and with many sessions, p99"

_FEW = 1_000
_ROUNDS = 21
_WARM_UP = 4
#: For sessions drawn from the whole table: the p99 of each round.
_REFRESHES = 1_000
_LIVES = Lifetimes()

#: For one new session each; `n` counts them.
_VALUES = (
    "'user-' || n, 1, {now}, {now}, {now} + 600000 + n, {now} + 2500000, '192.0.2.1', 'Firefox'"
)
_INTO = (
    "INSERT INTO watchword_sessions (id, subject, generation, started_at, rotated_at, idle_until, "
    "ends_at, address, agent) "
)
#: For each database: SQL that fills the table, with unordered ids, as real ones are.
_FILL = {
    "sqlite": (
        "PRAGMA synchronous=OFF",
        "PRAGMA cache_size=-500000",
        "{into} WITH RECURSIVE numbers(n) AS "
        "(SELECT 1 UNION ALL SELECT n + 1 FROM numbers LIMIT {many}) "
        "SELECT lower(hex(randomblob(16))), {values} FROM numbers",
        "PRAGMA wal_checkpoint(TRUNCATE)",
    ),
    "postgresql": (
        "{into} SELECT replace(gen_random_uuid()::text, '-', ''), {values} "
        "FROM generate_series(1, {many}) AS n",
        "VACUUM ANALYZE watchword_sessions",
        "CHECKPOINT",
    ),
}


def questions(paces: Paces) -> Iterator[Question]:
    """Return a row for each database."""
    for place in PLACES:
        yield _question(place, paces.grown)


def _question(place: str, many: int) -> Question:
    def answer() -> Row:
        few_name, many_name = f"{_FEW:,} sessions", f"{many:,} sessions"
        with PLACES[place]() as databases:
            tables = {
                name: _Table(databases(f"with_{number}"), number)
                for name, number in ((few_name, _FEW), (many_name, many))
            }
            samples: dict[str, list[float]] = {name: [] for name in tables}
            for number in range(_WARM_UP + _ROUNDS):
                for name in sorted(tables, reverse=bool(number % 2)):
                    found = tables[name].p99()
                    if number >= _WARM_UP:
                        samples[name].append(found)
            for table in tables.values():
                table.close()
        return compare(
            samples,
            section=SECTION,
            label=place,
            base=few_name,
            judged=many_name,
            target=Target(2.0),
        )

    return Question(SECTION, place, answer)


class _Table:
    """A table of sessions, and the order in which they are refreshed."""

    def __init__(self, database: str, sessions: int) -> None:
        self._now = int(time.time())
        self._store = open_sql_sessions(database)
        engine = create_engine(make_url(database), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            values = _VALUES.format(now=self._now)
            for statement in _FILL[engine.dialect.name]:
                filling = statement.format(into=_INTO, values=values, many=sessions)
                connection.exec_driver_sql(filling)
            # In the order of their ids, so that neighbours in the index are not neighbours in the
            # table.
            step = max(1, sessions * 3 // 100_000)
            ids = connection.exec_driver_sql("SELECT id FROM watchword_sessions ORDER BY id")
            self._drawn: list[str] = [row[0] for row in ids][::step]
        engine.dispose()
        self._generations = dict.fromkeys(self._drawn, 1)
        self._next = count()

    def p99(self) -> float:
        """Refresh some sessions; return the 99th percentile in microseconds."""
        taken = sorted(self._refresh(self._session()) for _ in range(_REFRESHES))
        return taken[len(taken) * 99 // 100] / 1000

    def close(self) -> None:
        self._store.close()

    def _session(self) -> str:
        # A stride that shares no divisor with the count visits all, out of order.
        return self._drawn[next(self._next) * 7_919 % len(self._drawn)]

    def _refresh(self, session_id: str) -> int:
        generation = self._generations[session_id]
        start = time.perf_counter_ns()
        granted = refresh(self._store, session_id, generation, self._now + 1.0, _LIVES)
        taken = time.perf_counter_ns() - start
        if granted.repeated or granted.session.generation != generation + 1:
            raise RuntimeError(f"a refresh of generation {generation} gave {granted}")
        self._generations[session_id] = generation + 1
        return taken
