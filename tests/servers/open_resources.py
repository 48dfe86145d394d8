"""The open resources of a process: descriptors, threads, and connections counted by the server."""

import gc
import threading
import time
from collections import Counter
from pathlib import Path

import psycopg
import valkey
from sqlalchemy import make_url

#: Seconds within which stopped threads have ended; more than any of them needs.
TIMEOUT = 20.0


class OpenResources:
    """The resources open at first, and those opened since.

    Args:
        url: the store whose server counts connections, if it has one.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        gc.collect()
        self._first = self._now()

    def growth(self) -> Counter[str]:
        """Return the resources open now beyond those at first."""
        return self._now() - self._first

    def left_open(self) -> Counter[str]:
        """Return the resources still open after everything was closed.

        A server notices a closed connection with a short delay.
        """
        until = time.monotonic() + TIMEOUT
        while True:
            growth = self.growth()
            if growth.keys() != {"connections"} or time.monotonic() > until:
                return growth
            time.sleep(0.01)

    def lasting_growth(self) -> Counter[str]:
        """Return the resources still open after a garbage collection."""
        until = time.monotonic() + TIMEOUT
        while True:
            gc.collect()
            growth = self.growth()
            if not growth or time.monotonic() > until:
                return growth
            time.sleep(0.01)

    def _now(self) -> Counter[str]:
        found = Counter(threads=threading.active_count(), connections=_connections(self._url))
        for link in Path("/proc/self/fd").iterdir():
            try:
                target = str(link.readlink())
            except FileNotFoundError:  # the one with which the directory is read
                continue
            found[target.partition(":[")[0]] += 1
        return found


def _connections(url: str) -> int:
    if url.startswith("postgresql"):
        database = make_url(url)
        with psycopg.connect(_for_libpq(url), autocommit=True) as connection:
            counted = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [database.database]
            )
            row = counted.fetchone()
        return 0 if row is None else int(row[0])
    if url.startswith("valkey"):
        with valkey.Valkey.from_url(url.partition("?")[0]) as client:
            return len(client.client_list())
    return 0


def _for_libpq(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
