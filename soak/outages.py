"""A store that is stopped, frozen, full or wiped under two nodes with load on both."""

import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

import psycopg

from soak.findings import Finding, Scale, summary
from soak.outage_load import (
    CLIENTS,
    KINDS,
    LOST,
    PROTECTED,
    REFRESH,
    REVOKED,
    SIGN_IN,
    Answer,
    Load,
    loaded,
    revoked_token,
)
from soak.places import POSTGRESQL, SQLITE, Place
from soak.serving import Service, running
from tests.servers.postgres import PostgresServer, running_postgres
from tests.servers.valkey import ValkeyServer, running_valkey

WORKERS = 2

#: Seconds within which a request gets a response, in any state of a store.
BOUND = 2.0
#: Seconds after which everything works again once a store is back.
BACK = 1.0
#: Seconds for which a copy of the revocations is valid.
STALENESS = 2.0

#: Seconds of load before and after an outage, and those within which the load has to stop.
_BEFORE, _AFTER, _GIVE_UP = 0.5, 1.0, 20.0
#: Connection limit of PostgreSQL, and the connections that the pools of both nodes may keep.
_MOST_CONNECTIONS, MOST_KEPT = 60, 2 * WORKERS * 8


@dataclass(frozen=True)
class Nodes:
    """Two nodes over one PostgreSQL and one Valkey server.

    Attributes:
        revoked: an access token that both nodes know to be revoked.
    """

    postgres: PostgresServer
    valkey: ValkeyServer
    a: Service
    b: Service
    revoked: str

    def traces(self) -> int:
        """Return the number of tracebacks in the logs so far."""
        return sum(one.log.read_text("utf-8").count("Traceback") for one in (self.a, self.b))


@dataclass(frozen=True)
class Outage:
    """The observations of one outage.

    Attributes:
        load: all responses.
        gone: when it had begun, on the monotonic clock.
        ending: when it began to end.
        ended: when it had ended.
        traces: the number of tracebacks in the logs.
        expected: the other responses allowed during it, as kinds and statuses.
    """

    load: Load
    gone: float
    ending: float
    ended: float
    traces: int
    expected: frozenset[tuple[str, int]]

    @property
    def granted(self) -> frozenset[str]:
        """Return the successful requests during the outage."""
        lasting = self.load.within(self.gone, self.ending)
        return frozenset(one.what for one in lasting if one.status == 200)

    @property
    def granted_late(self) -> int:
        """Return the number of requests accepted after the copy of the revocations had expired."""
        late = self.load.within(self.gone + STALENESS, self.ending)
        return sum(one.status == 200 for one in late)

    @property
    def wrong(self) -> Counter[str]:
        """Return the responses that violate the guarantee.

        Errors other than 503 and 429, and accepted revoked tokens.
        """
        return Counter(one.description for one in self.load.answers if not self._is_right(one))

    @property
    def lost(self) -> int:
        """Return the number of sessions that ended without a refresh in progress at the start."""
        refreshes = [one for one in self.load.answers if one.what == REFRESH]
        ended = sum(one.status == 401 for one in refreshes)
        underway = sum(one.began <= self.gone <= one.began + one.seconds for one in refreshes)
        return max(0, ended - underway)

    @property
    def longest(self) -> float:
        """Return the longest response time in seconds."""
        return max(one.seconds for one in self.load.answers)

    @property
    def back(self) -> float:
        """Return the seconds after which all requests succeeded again, or infinity."""
        return _back(self.load, self.ended)

    def counts(self) -> str:
        """Return the counted responses since the start, and the time to recovery."""
        answers = Counter(one.description for one in self.load.within(self.gone, math.inf))
        return (
            f"{summary(answers)}; the longest response took {self.longest:.2f} s, all requests "
            f"succeeded again {self.back:.2f} s after its end; {self.lost} sessions lost, "
            f"{self.traces} tracebacks in the logs"
        )

    def holds(self, bound: float) -> bool:
        """Return whether the guarantee held, with each response within a limit in seconds."""
        is_closed = not self.wrong and not self.traces
        return is_closed and self.longest <= bound and self.back <= BACK

    def _is_right(self, one: Answer) -> bool:
        if (one.what, one.status) in self.expected:
            return True
        if one.status == 503:
            return one.says_when and bool(one.code)
        if one.what == REVOKED:
            return one.status == 401
        # `lost` counts the sessions that may have ended.
        return one.status in (200, 429) or (one.what, one.status) == (REFRESH, 401)


def trial(place: Place, scale: Scale) -> Iterator[Finding]:
    """Take one of the two stores away while clients log in, refresh and read."""
    if place.name == SQLITE:
        return  # which is a file
    tried = (_of_postgres, _of_postgres_alone) if place.name == POSTGRESQL else (_of_valkey,)
    for of_stores in tried:
        for promise, outage, holds in of_stores(scale):
            yield Finding(promise, place.name, outage.counts(), holds)


_Found = Iterator[tuple[str, Outage, bool]]


def _of_postgres(scale: Scale) -> _Found:
    with two_nodes() as nodes:
        for how, outage in (
            ("down", postgres_stopped(nodes, scale)),
            ("unresponsive", postgres_frozen(nodes, scale)),
        ):
            yield (
                f"PostgreSQL {how} for {scale.away:g} s under two nodes, sessions in Valkey: 503 "
                f"within {BOUND:g} s, and protected routes continue",
                outage,
                outage.holds(BOUND) and not outage.lost and outage.granted == {PROTECTED},
            )
        full = postgres_full(nodes, scale)
        kept, busy = connections_kept(nodes)
        yield (
            "every connection of PostgreSQL used by another program: 503 or 429, and afterwards "
            f"{kept} connections kept, {busy} of them in use",
            full,
            full.holds(BOUND) and not full.lost and kept <= MOST_KEPT and not busy,
        )


def _of_postgres_alone(scale: Scale) -> _Found:
    with two_nodes(postgres_alone=True) as nodes:
        for how, outage in (
            ("down", postgres_stopped(nodes, scale)),
            ("unresponsive", postgres_frozen(nodes, scale)),
        ):
            yield (
                f"PostgreSQL {how} for {scale.away:g} s under two nodes, sessions in it: 503 "
                f"within {BOUND:g} s, protected routes continue for {STALENESS:g} s and then "
                "return 503",
                outage,
                outage.holds(BOUND) and not outage.lost and not outage.granted_late,
            )


def _of_valkey(scale: Scale) -> _Found:
    with two_nodes() as nodes:
        for how, seconds, outage in (
            ("down", scale.away, valkey_stopped(nodes, scale)),
            ("unresponsive", scale.frozen, valkey_frozen(nodes, scale)),
        ):
            yield (
                f"Valkey {how} for {seconds:g} s under two nodes: 503 within {BOUND:g} s, "
                f"protected routes continue for {STALENESS:g} s and then return 503",
                outage,
                outage.holds(BOUND) and not outage.lost and not outage.granted_late,
            )
        wiped = valkey_wiped(nodes)
        yield (
            "Valkey emptied: all users log in again, and what was revoked stays revoked",
            wiped,
            wiped.holds(BOUND),
        )
        killed = node_killed(nodes)
        yield (
            "a node killed by SIGKILL: its clients continue their sessions on the other node",
            killed,
            killed.holds(BOUND) and not killed.lost,
        )


@contextmanager
def two_nodes(*, postgres_alone: bool = False) -> Iterator[Nodes]:
    """Yield two nodes over new stores.

    Args:
        postgres_alone: whether sessions are in PostgreSQL too, without Valkey.
    """
    with ExitStack() as stack:
        most = str(_MOST_CONNECTIONS)
        postgres = stack.enter_context(running_postgres(max_connections=most))
        kept = {"appendonly": "yes", "appendfsync": "always"}
        valkey = stack.enter_context(running_valkey(**kept))
        settings = {
            "WATCHWORD_MASTER_KEY": "A" * 43,
            "WATCHWORD_DATABASE": postgres.url.render_as_string(hide_password=False),
        }
        if not postgres_alone:
            settings["WATCHWORD_VALKEY"] = valkey.url
        a, b = (stack.enter_context(running(settings, WORKERS)) for _ in range(2))
        revoked = revoked_token(a.port)
        time.sleep(STALENESS)
        yield Nodes(postgres, valkey, a, b, revoked)


def postgres_stopped(nodes: Nodes, scale: Scale) -> Outage:
    """Stop PostgreSQL and start it again."""
    return _outage(nodes, _stopped(nodes.postgres), scale.away)


def postgres_frozen(nodes: Nodes, scale: Scale) -> Outage:
    """Freeze PostgreSQL."""
    return _outage(nodes, nodes.postgres.frozen(), scale.away)


def postgres_full(nodes: Nodes, scale: Scale) -> Outage:
    """Occupy every connection of PostgreSQL, those of the nodes included."""
    return _outage(nodes, _full(nodes.postgres), scale.away)


def valkey_stopped(nodes: Nodes, scale: Scale) -> Outage:
    """Stop Valkey and start it again."""
    return _outage(nodes, _stopped(nodes.valkey), scale.away)


def valkey_frozen(nodes: Nodes, scale: Scale) -> Outage:
    """Freeze Valkey."""
    return _outage(nodes, nodes.valkey.frozen(), scale.frozen)


def valkey_wiped(nodes: Nodes) -> Outage:
    """Delete all data of Valkey."""
    return _outage(nodes, _wiped(nodes.valkey), 0.0, (PROTECTED, 401))


def node_killed(nodes: Nodes) -> Outage:
    """Kill a node, which is not restarted."""
    unanswered = [(what, LOST) for what in KINDS]
    return _outage(nodes, _killed(nodes.a), 0.0, *unanswered)


def connections_kept(nodes: Nodes) -> tuple[int, int]:
    """Return how many connections to PostgreSQL idle nodes keep, and how many are in use."""
    asked = (
        "SELECT count(*), count(*) FILTER (WHERE state <> 'idle') FROM pg_stat_activity"
        " WHERE application_name = 'watchword'"
    )
    with psycopg.connect(_libpq(nodes.postgres)) as connection:
        kept, busy = connection.execute(asked).fetchone() or (0, 0)
    return int(kept), int(busy)


def _outage(
    nodes: Nodes,
    what: AbstractContextManager[None],
    seconds: float,
    *expected: tuple[str, int],
) -> Outage:
    traces = nodes.traces()
    with loaded((nodes.a.port, nodes.b.port), nodes.revoked) as load:
        give_up_at = time.monotonic() + _GIVE_UP
        while load.granted(PROTECTED) < 2 * CLIENTS and time.monotonic() < give_up_at:
            time.sleep(0.1)  # until all clients have logged in, which takes time on a busy machine
        time.sleep(_BEFORE)
        with what:
            gone = time.monotonic()
            time.sleep(seconds)
            ending = time.monotonic()
        ended = time.monotonic()
        while math.isinf(_back(load, ended)) and time.monotonic() < ended + _GIVE_UP:
            time.sleep(0.1)
        time.sleep(_AFTER)
    return Outage(load, gone, ending, ended, nodes.traces() - traces, frozenset(expected))


def _back(load: Load, ended: float) -> float:
    return max(load.back_after(ended, what) for what in (PROTECTED, REFRESH, SIGN_IN))


@contextmanager
def _stopped(server: PostgresServer | ValkeyServer) -> Iterator[None]:
    server.stop()
    yield
    server.start()


@contextmanager
def _full(server: PostgresServer) -> Iterator[None]:
    with ExitStack() as taken:
        first = taken.enter_context(psycopg.connect(_libpq(server), autocommit=True))
        ending = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'watchword'"
        )
        while True:
            _take_what_is_free(server, taken)
            # The nodes' connections are taken as well, as soon as they are released, until none is
            # left.
            if first.execute(ending).rowcount == 0:
                break
        yield


def _take_what_is_free(server: PostgresServer, taken: ExitStack) -> None:
    while True:
        try:
            taken.enter_context(psycopg.connect(_libpq(server)))
        except psycopg.OperationalError:
            return


@contextmanager
def _wiped(server: ValkeyServer) -> Iterator[None]:
    with server.client() as client:
        client.flushall()
    yield


@contextmanager
def _killed(service: Service) -> Iterator[None]:
    service.kill()
    yield


def _libpq(server: PostgresServer) -> str:
    return server.url.set(drivername="postgresql").render_as_string(hide_password=False)
