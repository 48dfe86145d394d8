"""What an application holds open beside its objects: threads, and what these work with."""

import weakref
from typing import Protocol

from flask import Flask

_KEY = "flask-watchword-resources"

#: Seconds that closing waits for one thread: longer than a store takes to answer or to give up.
PATIENCE = 5.0


class Background(Protocol):
    """Work beside the requests, done by a thread of its own."""

    def stop(self) -> None:
        """Have the thread end soon.

        Takes no lock and does no I/O: the garbage collector calls it, at any point of any thread.
        """

    def is_running(self) -> bool:
        """Tell whether the thread runs, or is being started."""

    def join(self, seconds: float) -> None:
        """Wait for the end of the thread, ``seconds`` at most."""


class Owned(Protocol):
    """Connections and the like, which threads may wait for."""

    def stop_waiting(self) -> None:
        """Have a thread that waits return soon, under the conditions of :meth:`Background.stop`."""

    def close(self) -> None:
        """Give back what is open. It may be called more than once."""


class Resources:
    """Closes what an application has opened: when told to, or when the application is collected.

    It never leads back to the application, and neither may what it is given: otherwise the
    application would never be collected.
    """

    def __init__(self) -> None:
        self._background: list[Background] = []
        self._owned: list[Owned] = []
        self._is_released = False

    def add_background(self, work: Background) -> None:
        """Stop a thread before anything is closed. The thread calls :meth:`thread_ended`."""
        self._background.append(work)

    def own(self, owned: Owned) -> None:
        """Close something once no thread runs."""
        self._owned.append(owned)

    def close(self) -> None:
        """Stop every thread, wait for it, and close everything."""
        self._stop()
        for work in self._background:
            work.join(PATIENCE)
        self._close()

    def release(self) -> None:
        """Close everything, without waiting: the last thread to end does it where one runs.

        For the garbage collector. It may interrupt one of these very threads, which then holds
        locks that closing would wait for.
        """
        self._stop()
        self._close_if_unused()

    def thread_ended(self) -> None:
        """Close what was released, if this was the last thread that used it."""
        if self._is_released:
            self._close_if_unused()

    def _stop(self) -> None:
        for work in self._background:
            work.stop()
        for owned in self._owned:
            owned.stop_waiting()
        # Last: from now on a thread that ends closes what was woken above.
        self._is_released = True

    def _close_if_unused(self) -> None:
        if not any(work.is_running() for work in self._background):
            self._close()

    def _close(self) -> None:
        for owned in self._owned:
            owned.close()


def resources_of(app: Flask) -> Resources:
    """Return the resources of an application, which are released when it is collected."""
    resources: Resources | None = app.extensions.get(_KEY)
    if resources is None:
        resources = app.extensions[_KEY] = Resources()
        # A process that ends gives back everything anyway.
        weakref.finalize(app, resources.release).atexit = False
    return resources


class Closing:
    """The ``close`` of an extension, for all applications that it was initialized with."""

    def __init__(self) -> None:
        # Weak: an extension may be a global of a module, and applications come and go.
        self._resources: weakref.WeakSet[Resources] = weakref.WeakSet()

    def add(self, app: Flask) -> Resources:
        """Close the resources of an application with the others; return them."""
        resources = resources_of(app)
        self._resources.add(resources)
        return resources

    def close(self) -> None:
        """Close the resources of every application."""
        for resources in list(self._resources):
            resources.close()
