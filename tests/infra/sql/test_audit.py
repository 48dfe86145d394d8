"""The audit log on real databases: one hash chain, in which every alteration is detected."""

import json
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine, insert

from flask_watchword.accounts.audit import Entry, Event, Head, Verdict, follow, new_event, verify
from flask_watchword.infra.sql.audit import SqlAuditLog, row_of
from flask_watchword.infra.sql.engine import open_engine, writing
from flask_watchword.infra.sql.tables import audit
from flask_watchword.infra.sql.transactions import transact
from flask_watchword.service.features.audit.flow import announce

NOW = 1_700_000_000.123456789
PROCESSES = 8
EVENTS = 100

HOSTILE = [
    "\0",
    "\ud800 half a pair",
    "' OR 1=1 --",
    "\x1b[2J\x1b]0;title\a",
    "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe",
    "ä\N{PILE OF POO}\u2028",
    "x" * 100_000,
    "\\",
    '"}',
]


@pytest.fixture
def log(any_engine: Engine) -> SqlAuditLog:
    return SqlAuditLog(any_engine)


def logged(n: int, **members: str) -> Event:
    return new_event("login_failed", NOW + n / 7, subject=f"user {n}", attempt=n, **members)


def tampered(engine: Engine, statement: str) -> Verdict:
    with writing(engine) as connection:
        connection.exec_driver_sql(statement)
    return verify(SqlAuditLog(engine))


def test_events_are_stored_unchanged_with_numbers_from_one(log: SqlAuditLog) -> None:
    events = [logged(n) for n in range(3)]
    log.append(events[:1])
    head = log.append(events[1:])
    entries = log.after(0, 10)
    assert [entry.event for entry in entries] == events
    assert [entry.seq for entry in entries] == [1, 2, 3]
    assert head == log.head() == Head(3, entries[-1].hash)


def test_unaltered_log_is_intact(log: SqlAuditLog) -> None:
    assert verify(log) == Verdict(0, Head())
    for n in range(7):
        log.append([logged(n)])
    verdict = verify(log)
    assert verdict.is_intact
    assert (verdict.entries, verdict.head) == (7, log.head())


def test_log_of_several_pages_is_verified_to_its_end(log: SqlAuditLog) -> None:
    log.append([logged(n) for n in range(1201)])
    assert verify(log).entries == 1201


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_any_client_text_is_logged_and_verified(log: SqlAuditLog, text: str) -> None:
    event = new_event(
        text, NOW, subject=text, session=text, address=text, agent=text, email=text, **{text: 1}
    )
    log.append([event])
    assert [entry.event for entry in log.after(0, 10)] == [event]
    assert verify(log).is_intact


def test_appending_nothing_changes_nothing(log: SqlAuditLog) -> None:
    before = log.append([logged(1)])
    assert log.append([]) == before == log.head()


@pytest.mark.parametrize(
    "change",
    [
        "SET event = 'login'",
        "SET at = at + 0.001",
        "SET subject = 'somebody else'",
        "SET session = 's'",
        "SET address = '192.0.2.1'",
        "SET agent = 'curl'",
        """SET detail = '{"attempt":9}'""",
        "SET detail = 'no JSON'",
        "SET hash = 'f' || substr(hash, 2, 63)",
    ],
)
def test_altered_entry_is_detected(any_engine: Engine, change: str) -> None:
    log = SqlAuditLog(any_engine)
    # One that does not begin with an f already.
    events = [logged(n) for n in range(5)]
    log.append(events)
    if log.after(2, 1)[0].hash.startswith("f"):
        change = change.replace("'f'", "'0'")
    verdict = tampered(any_engine, f"UPDATE watchword_audit {change} WHERE seq = 3")
    assert (verdict.broken_at, verdict.entries) == (3, 2)
    assert "altered" in verdict.problem


def test_entry_altered_together_with_its_hash_is_detected_by_the_next(
    any_engine: Engine,
) -> None:
    log = SqlAuditLog(any_engine)
    log.append([logged(n) for n in range(5)])
    before = log.after(1, 1)[0]
    (forged,) = follow(Head(before.seq, before.hash), [new_event("login", NOW)])
    tampered(any_engine, "DELETE FROM watchword_audit WHERE seq = 3")
    with writing(any_engine) as connection:
        connection.execute(insert(audit), row_of(forged))
    assert log.after(2, 1) == [forged]
    assert verify(log).broken_at == 4


def test_removed_entry_is_detected(any_engine: Engine) -> None:
    SqlAuditLog(any_engine).append([logged(n) for n in range(5)])
    verdict = tampered(any_engine, "DELETE FROM watchword_audit WHERE seq = 3")
    assert verdict.broken_at == 3
    assert verdict.problem == "entry 2 is followed by 4: entries between were removed"


def test_entries_removed_from_the_start_are_detected(any_engine: Engine) -> None:
    SqlAuditLog(any_engine).append([logged(n) for n in range(5)])
    assert tampered(any_engine, "DELETE FROM watchword_audit WHERE seq <= 2").broken_at == 1


def test_entries_removed_from_the_end_are_detected(any_engine: Engine) -> None:
    SqlAuditLog(any_engine).append([logged(n) for n in range(5)])
    verdict = tampered(any_engine, "DELETE FROM watchword_audit WHERE seq >= 4")
    assert (verdict.broken_at, verdict.problem) == (4, "entries up to 5 were removed from the end")


def test_emptied_log_is_detected(any_engine: Engine) -> None:
    SqlAuditLog(any_engine).append([logged(n) for n in range(5)])
    assert tampered(any_engine, "DELETE FROM watchword_audit").broken_at == 1


@pytest.mark.parametrize(
    ("make_room", "seq", "found_at"),
    [
        # At the end, with the next number.
        ("SELECT 1", 6, 6),
        # In the middle, with the later ones moved.
        ("UPDATE watchword_audit SET seq = -seq - 1 WHERE seq >= 3", 3, 3),
    ],
)
def test_inserted_entry_is_detected(
    any_engine: Engine, make_room: str, seq: int, found_at: int
) -> None:
    SqlAuditLog(any_engine).append([logged(n) for n in range(5)])
    tampered(any_engine, make_room)
    tampered(any_engine, "UPDATE watchword_audit SET seq = -seq WHERE seq < 0")
    verdict = tampered(
        any_engine,
        "INSERT INTO watchword_audit (seq, at, event, subject, session, address, agent, detail, "  # noqa: S608
        f"hash) SELECT {seq}, at, event, subject, session, address, agent, detail, hash "
        "FROM watchword_audit WHERE seq = 2",
    )
    assert verdict.broken_at == found_at


def test_two_swapped_entries_are_detected(any_engine: Engine) -> None:
    SqlAuditLog(any_engine).append([logged(n) for n in range(5)])
    tampered(any_engine, "UPDATE watchword_audit SET seq = -seq WHERE seq IN (2, 3)")
    verdict = tampered(any_engine, "UPDATE watchword_audit SET seq = 5 + seq WHERE seq < 0")
    assert verdict.broken_at == 2


def test_removed_head_is_detected_and_the_log_can_be_extended(any_engine: Engine) -> None:
    log = SqlAuditLog(any_engine)
    log.append([logged(n) for n in range(5)])
    verdict = tampered(any_engine, "DELETE FROM watchword_audit_head")
    assert not verdict.is_intact
    assert log.append([logged(6)]).seq == 6
    assert verify(log).is_intact


def test_altered_head_is_detected(any_engine: Engine) -> None:
    log = SqlAuditLog(any_engine)
    log.append([logged(n) for n in range(5)])
    verdict = tampered(any_engine, "UPDATE watchword_audit_head SET hash = 'none'")
    assert verdict.broken_at == 5
    verdict = tampered(any_engine, "UPDATE watchword_audit_head SET seq = 4")
    assert verdict.broken_at == 4


def test_rewritten_log_is_detected_by_a_head_recorded_elsewhere(
    any_engine: Engine,
) -> None:
    log = SqlAuditLog(any_engine)
    noted = log.append([logged(n) for n in range(3)])
    tampered(any_engine, "DELETE FROM watchword_audit_head")
    tampered(any_engine, "DELETE FROM watchword_audit")
    assert verify(log).is_intact
    assert verify(log, noted).broken_at == 1
    log.append([logged(n + 10) for n in range(5)])
    assert verify(log).is_intact
    assert verify(log, noted).broken_at == 3
    assert "rewritten" in verify(log, noted).problem


def test_event_is_committed_with_its_change_or_not_at_all(any_engine: Engine) -> None:
    log = SqlAuditLog(any_engine)
    log.append([logged(1)])

    def fail(connection: Connection) -> None:
        SqlAuditLog(connection).append([logged(2)])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        transact(any_engine, fail)
    with writing(any_engine) as connection:
        SqlAuditLog(connection).append([logged(3)])
    assert [entry.event for entry in log.after(0, 10)] == [logged(1), logged(3)]
    assert verify(log).is_intact


def test_newest_entries_are_found_by_subject_event_and_page(log: SqlAuditLog) -> None:
    events = [
        new_event(name, NOW, subject=subject)
        for name in ("login", "logout")
        for subject in ("ada", "bob")
    ]
    log.append(events)

    def numbers(found: object) -> list[int]:
        assert isinstance(found, list)
        return [entry.seq for entry in found]

    assert numbers(log.newest(3)) == [4, 3, 2]
    assert numbers(log.newest(3, before=2)) == [1]
    assert numbers(log.newest(9, subject="ada")) == [3, 1]
    assert numbers(log.newest(9, event="logout")) == [4, 3]
    assert numbers(log.newest(9, subject="ada", event="logout")) == [3]
    assert log.newest(9, subject="' OR 1=1 --") == []


def test_trimmed_entries_are_reported_and_the_rest_is_intact(any_engine: Engine) -> None:
    log = SqlAuditLog(any_engine)
    log.append([logged(n) for n in range(5)])
    until = Head(3, log.after(2, 1)[0].hash)
    announce(log, until, "ops")
    assert log.drop(Head(), until)
    assert log.start() == until
    assert [entry.seq for entry in log.after(0, 10)] == [4, 5, 6]
    assert verify(log) == Verdict(3, log.head() or Head())


def test_start_that_no_trim_entry_mentions_is_detected(any_engine: Engine) -> None:
    log = SqlAuditLog(any_engine)
    log.append([logged(n) for n in range(5)])
    log.drop(Head(), Head(3, log.after(2, 1)[0].hash))
    verdict = verify(log)
    assert (verdict.broken_at, verdict.entries) == (3, 2)
    assert verdict.problem == "entries up to 3 were removed, and no entry records it"


def test_removal_of_more_than_a_trim_entry_mentions_is_detected(any_engine: Engine) -> None:
    log = SqlAuditLog(any_engine)
    log.append([logged(n) for n in range(5)])
    announce(log, Head(2, log.after(1, 1)[0].hash), "ops")
    last = log.after(3, 1)[0]
    log.drop(Head(), Head(last.seq, last.hash))
    assert not verify(log).is_intact
    tampered(any_engine, "UPDATE watchword_audit_head SET hash = 'none' WHERE id = 2")
    assert verify(log).broken_at == 5


class _TrimmedConcurrently(SqlAuditLog):
    """A log that another process trims during verification."""

    def after(self, seq: int, limit: int) -> Sequence[Entry]:
        page = super().after(seq, min(limit, 2))
        if self.start() == Head():
            entry = super().after(3, 1)[0]
            announce(self, Head(entry.seq, entry.hash), "ops")
            self.drop(Head(), Head(entry.seq, entry.hash))
        return page


def test_log_trimmed_during_verification_is_intact(any_engine: Engine) -> None:
    log = _TrimmedConcurrently(any_engine)
    log.append([logged(n) for n in range(6)])
    assert verify(log) == Verdict(3, log.head() or Head())


def test_one_of_two_concurrent_trims_succeeds(any_engine: Engine) -> None:
    log = SqlAuditLog(any_engine)
    log.append([logged(n) for n in range(400)])
    entries = log.after(0, 400)
    lasts = [Head(entry.seq, entry.hash) for entry in entries[9:399:10]]
    with ThreadPoolExecutor(8) as pool:
        dropped = list(pool.map(lambda last: log.drop(Head(), last), lasts))
    assert dropped.count(True) == 1
    assert log.after(0, 1)[0].seq == log.start().seq + 1


def append_many(url: str, who: int) -> None:
    engine = open_engine(url, busy_seconds=30.0)
    log = SqlAuditLog(engine)
    for n in range(EVENTS):
        log.append([new_event("raced", NOW, subject=str(who), number=n)])
    engine.dispose()


def test_concurrent_appends_of_threads_make_one_chain(any_engine: Engine) -> None:
    log = SqlAuditLog(any_engine)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: log.append([logged(n)]), range(200)))
    assert verify(log) == Verdict(200, log.head() or Head())


@pytest.mark.server
def test_concurrent_appends_of_processes_make_one_complete_chain(
    any_engine: Engine,
) -> None:
    url = any_engine.url.render_as_string(hide_password=False)
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        pool.starmap(append_many, [(url, who) for who in range(PROCESSES)])
    log = SqlAuditLog(any_engine)
    verdict = verify(log)
    assert verdict.is_intact, verdict.problem
    assert verdict.entries == PROCESSES * EVENTS
    entries = log.after(0, PROCESSES * EVENTS)
    for who in range(PROCESSES):
        own = [e.event.detail["number"] for e in entries if e.event.subject == str(who)]
        assert own == list(range(EVENTS))


def test_canonical_form_does_not_depend_on_the_order_of_details(any_engine: Engine) -> None:
    read: Callable[[str], object] = json.loads
    log = SqlAuditLog(any_engine)
    log.append([new_event("e", NOW, b=1, a="é"), new_event("e", NOW, a="é", b=1)])
    first, second = log.after(0, 2)
    assert first.event == second.event
    assert read('{"a":"é","b":1}') == first.event.detail
