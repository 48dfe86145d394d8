"""A set of texts that expire: the newest in a dictionary, the others in a table of digests."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter

from flask_watchword.sessions.digest_table import PART, DigestTable, as_digests, as_times

#: How many entries are kept in a dictionary, where a look-up is fastest.
MOST_RECENT = 10_000

_VALUE, _EXPIRY = itemgetter(0), itemgetter(1)

#: Seconds between two counts of the expired entries of a table.
_COUNT_EVERY = 3_600.0


class ExpiringSet:
    """Texts with the times at which they expire: a few, or a million.

    Readers take no lock: they look into ``recent`` first and then into ``table``, and an entry is
    added to the table before it is removed from the dictionary. One thread writes at a time.

    Attributes:
        recent: the newest entries with their expiry times.
        table: the others; ``None`` while there are few.
    """

    def __init__(self) -> None:
        self.recent: dict[str, float] = {}
        self.table: DigestTable | None = None
        self._count_at = 0.0
        self._loaded = as_digests(()), as_times(())

    def __len__(self) -> int:
        return len(self.recent) + (0 if self.table is None else len(self.table))

    def __contains__(self, value: str) -> bool:
        return value in self.recent or (self.table is not None and value in self.table)

    def add(self, entries: Iterable[tuple[str, float]]) -> None:
        """Add entries; of two for one text the later time applies."""
        recent = self.recent
        for value, expires_at in entries:
            recent[value] = max(recent.get(value, 0.0), expires_at)

    def load(self, entries: Sequence[tuple[str, float]]) -> None:
        """Add a part of very many entries; :meth:`loaded` makes them known."""
        if len(self.recent) + len(entries) <= MOST_RECENT:
            self.add(entries)
            return
        digests, times = self._loaded
        digests += as_digests(map(_VALUE, entries))
        times += as_times(map(_EXPIRY, entries))

    def loaded(self, now: float) -> None:
        """Make the loaded entries known."""
        digests, times = self._loaded
        self._loaded = as_digests(()), as_times(())
        if digests:
            for _ in self._make_room(len(digests), now):
                pass
            if self.table is not None:
                self.table.add(digests, times)

    def drop_expired(self, now: float) -> None:
        """Delete the recent entries that have expired."""
        for value in [value for value, end in self.recent.items() if end <= now]:
            del self.recent[value]

    def compaction(self, now: float) -> Iterator[None]:
        """Move the recent entries to the table if they are many, and delete expired ones there.

        It yields after each step, which takes about a millisecond. Other writers may write then.
        """
        if len(self.recent) > MOST_RECENT:
            yield from self._make_room(len(self.recent), now)
            yield from self._move_recent()
        elif self.table is not None and now >= self._count_at:
            yield from self._drop_expired_digests(self.table, now)

    def _make_room(self, entries: int, now: float) -> Iterator[None]:
        """Replace the table by a larger one unless it has room for so many entries."""
        table = self.table
        if table is None:
            self.table = DigestTable(entries)
            self._count_at = now + _COUNT_EVERY
        elif len(table) + entries > table.capacity:
            live = 0
            for digests, _ in table.parts(now):
                live += len(digests)
                yield
            yield from self._replace(table, live + entries, now)

    def _replace(self, table: DigestTable, entries: int, now: float) -> Iterator[None]:
        """Replace the table by one with its live entries, and room for this many."""
        changes = table.changes
        # With room for more: each replacement reads all entries.
        other = DigestTable(entries + entries // 4)
        for digests, times in table.parts(now):
            other.add(digests, times)
            yield
        # Another thread may have loaded entries in between; then the next call tries again.
        if self.table is table and table.changes == changes:
            self.table = other
            self._count_at = now + _COUNT_EVERY

    def _move_recent(self) -> Iterator[None]:
        recent = self.recent
        while recent:
            some = list(islice(recent.items(), PART))
            table = self.table
            if table is None or len(table) + len(some) > table.capacity:
                return
            table.add(as_digests(map(_VALUE, some)), as_times(map(_EXPIRY, some)))
            for value, _ in some:
                del recent[value]
            yield

    def _drop_expired_digests(self, table: DigestTable, now: float) -> Iterator[None]:
        live = 0
        for digests, _ in table.parts(now):
            live += len(digests)
            yield
        self._count_at = now + _COUNT_EVERY
        if live < len(table) * 3 // 4:
            yield from self._replace(table, live, now)
