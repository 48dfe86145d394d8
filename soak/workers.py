"""Processes that each run the application, execute tasks, and can be killed."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from soak.site import Site

# Forked from a process that has imported all modules and opened no resources: cheap and clean.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(
    [
        "soak.workers",
        "flask_watchword.infra.sql.schema",
        "flask_watchword.infra.valkey.sessions",
        "flask_watchword.infra.sql.run_migrations",
        "sqlalchemy.dialects.sqlite",
        "sqlalchemy.dialects.postgresql.psycopg",
        "psycopg",
    ]
)

#: Seconds to wait for the result of a process, in addition to the duration of the task.
TIMEOUT = 120.0

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Pending(Generic[_T]):
    """The pending result of a task."""

    def __init__(self, channel: "Connection[object, object]", seconds: float) -> None:
        self._channel = channel
        self._seconds = seconds

    def result(self) -> _T:
        """Wait for the result.

        Raises:
            EOFError: if the process has died.
            TimeoutError: if the result does not arrive.
        """
        if not self._channel.poll(self._seconds):
            raise TimeoutError("a process did not answer")
        answer: _T = self._channel.recv()  # type: ignore[assignment]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Worker:
    """A process with its own application over a store.

    Args:
        store: the URL of the session store.
        grace: seconds in which a refresh token returns the same successor again.
    """

    def __init__(self, store: str, grace: float = 10.0) -> None:
        self._channel, theirs = _processes.Pipe()
        self._process = _processes.Process(target=_work, args=(theirs, store, grace), daemon=True)
        self._process.start()
        theirs.close()

    def tell(
        self, task: Callable[Concatenate[Site, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> Pending[_T]:
        """Run a task in the process; return without waiting for it."""
        self._channel.send((task, args, kwargs))
        return Pending(self._channel, TIMEOUT)

    def do(
        self, task: Callable[Concatenate[Site, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Run a task in the process, and wait for the result."""
        return self.tell(task, *args, **kwargs).result()

    def kill(self) -> None:
        """End the process with SIGKILL."""
        self._process.kill()
        self.wait()

    def wait(self) -> None:
        """Wait until the process has ended."""
        self._process.join(TIMEOUT)
        self._channel.close()


@contextmanager
def working(count: int, store: str, grace: float = 10.0) -> Iterator[Sequence[Worker]]:
    """Yield worker processes; they are killed afterwards."""
    workers: list[Worker] = []
    try:
        workers.extend(Worker(store, grace) for _ in range(count))
        for worker in workers:
            worker.do(_ready)
        yield workers
    finally:
        for worker in workers:
            worker.kill()


def _ready(site: Site) -> None:
    site.ask("/me")


def _work(channel: "Connection[object, object]", store: str, grace: float) -> None:
    site = Site(store, grace)
    while True:
        try:
            order: Any = channel.recv()
        except EOFError:
            return
        task, args, kwargs = order
        try:
            result = task(site, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - it is raised where the result is awaited
            result = error
        channel.send(result)
