"""A set of very many texts that expire, and the table of digests that most of them move to."""

from collections.abc import Iterable

import pytest

from flask_watchword.sessions.digest_table import PART, DigestTable, as_digests, as_times
from flask_watchword.sessions.expiring_set import MOST_RECENT, ExpiringSet

NOW = 1_700_000_000.0
LATER = NOW + 900.25
MANY = MOST_RECENT + 1


def texts(count: int, prefix: str = "session") -> list[str]:
    return [f"{prefix} {number}" for number in range(count)]


def table_of(values: Iterable[str], until: float = LATER) -> DigestTable:
    values = list(values)
    table = DigestTable(len(values))
    table.add(as_digests(values), as_times([until] * len(values)))
    return table


def live(table: DigestTable, now: float) -> int:
    return sum(len(digests) for digests, _ in table.parts(now))


def loaded(values: Iterable[str], until: float = LATER) -> ExpiringSet:
    found = ExpiringSet()
    found.load([(value, until) for value in values])
    found.loaded(NOW)
    return found


def compact(found: ExpiringSet, now: float) -> int:
    """Compact a set; return the number of steps."""
    return sum(1 for _ in found.compaction(now))


def test_table_contains_exactly_what_was_added() -> None:
    table = table_of(texts(20_000))
    assert all(value in table for value in texts(20_000))
    assert [value for value in texts(20_000, "other") if value in table] == []
    assert len(table) == live(table, NOW) == 20_000


def test_an_empty_text_is_in_a_table_only_if_it_was_added() -> None:
    assert "" not in table_of(["a"])
    assert "" in table_of(["a", ""])


def test_of_two_times_for_one_text_the_later_applies() -> None:
    for times in ((LATER, LATER + 100), (LATER + 100, LATER)):
        table = DigestTable(2)
        table.add(as_digests(["a", "a"]), as_times(times))
        assert len(table) == 1
        assert (live(table, LATER + 99), live(table, LATER + 101)) == (1, 0)


@pytest.mark.parametrize(("now", "count"), [(LATER - 0.25, 1), (LATER, 1), (LATER + 1, 0)])
def test_an_entry_is_kept_until_its_time_and_less_than_a_second_longer(
    now: float, count: int
) -> None:
    assert live(table_of(["a"]), now) == count


def test_entry_beyond_32_bits_does_not_expire_early() -> None:
    assert live(table_of(["a"], NOW + 200 * 365.25 * 86_400), NOW + 70 * 365.25 * 86_400) == 1


@pytest.mark.parametrize("entries", [5_000, 10_000, 100_000, 300_000, 530_000])
def test_an_entry_takes_at_most_a_hundred_bytes(entries: int) -> None:
    # With the room that a replaced table gets.
    table = DigestTable(entries + entries // 4)
    arrays = (table._digests, table._times, table.marks)
    assert sum(one.__sizeof__() for one in arrays) <= 100 * entries


def test_few_entries_stay_in_the_dictionary() -> None:
    found = loaded(texts(MOST_RECENT))
    assert found.table is None
    assert len(found) == MOST_RECENT
    assert compact(found, NOW) == 0


def test_many_loaded_entries_are_no_objects() -> None:
    found = loaded(texts(MANY))
    assert found.recent == {}
    assert len(found) == MANY
    assert all(value in found for value in texts(MANY))


def test_loaded_entries_are_added_to_a_table_that_has_room_and_to_one_that_has_none() -> None:
    found = loaded(texts(MANY))
    for prefix in ("second", "third", "fourth"):
        found.load([(value, LATER) for value in texts(MANY, prefix)])
        found.loaded(NOW)
    expected = [*texts(MANY), *texts(MANY, "second"), *texts(MANY, "third"), *texts(MANY, "fourth")]
    assert all(value in found for value in expected)
    assert len(found) == 4 * MANY


def test_many_recent_entries_move_to_the_table_and_are_in_the_set_at_every_step() -> None:
    found = loaded(texts(MANY))
    found.add((value, LATER) for value in texts(2 * MANY, "recent"))
    everything = [*texts(MANY), *texts(2 * MANY, "recent")]
    for _ in found.compaction(NOW):
        assert all(value in found for value in everything[::97])
    assert found.recent == {}
    assert all(value in found for value in everything)
    assert [value for value in texts(MANY, "other") if value in found] == []


def test_no_step_of_a_compaction_moves_more_than_a_part() -> None:
    found = ExpiringSet()
    found.add((value, LATER) for value in texts(MANY))
    before = len(found.recent)
    for _ in found.compaction(NOW):
        assert before - len(found.recent) <= PART
        before = len(found.recent)
    assert before == 0


@pytest.mark.parametrize("count", [100, MANY])  # for which the old table has room, or has not
def test_entries_loaded_while_a_table_is_replaced_are_kept(count: int) -> None:
    found = loaded(texts(MANY))
    found.add((value, LATER) for value in texts(2 * MANY, "recent"))
    steps = found.compaction(NOW)
    for _ in range(20):
        next(steps)
    found.load([(value, LATER) for value in texts(count, "loaded")])
    found.loaded(NOW)
    for _ in steps:
        pass
    everything = [*texts(MANY), *texts(2 * MANY, "recent"), *texts(count, "loaded")]
    assert all(value in found for value in everything)
    compact(found, NOW)
    assert len(found.recent) <= MOST_RECENT
    assert all(value in found for value in everything)


def test_expired_entries_of_a_table_are_deleted_within_an_hour() -> None:
    found = loaded(texts(MANY))
    found.load([(value, LATER + 10_000) for value in texts(100, "longer")])
    found.loaded(NOW)
    assert compact(found, NOW + 3_599) == 0
    compact(found, NOW + 3_600)
    assert len(found) == 100
    assert all(value in found for value in texts(100, "longer"))


def test_table_with_few_expired_entries_is_not_rebuilt() -> None:
    found = loaded(texts(MANY), LATER + 10_000)
    table = found.table
    found.add([("short", LATER)])
    compact(found, NOW + 3_600)
    assert found.table is table


def test_expired_recent_entries_are_deleted() -> None:
    found = ExpiringSet()
    found.add([("a", NOW), ("b", NOW + 0.25), ("a", NOW - 5)])
    found.drop_expired(NOW)
    assert found.recent == {"b": NOW + 0.25}
