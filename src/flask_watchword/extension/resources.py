"""The threads and connections of an application, and how they are closed."""

import weakref
from typing import Protocol

from flask import Flask

_KEY = "flask-watchword-resources"

#: Seconds that closing waits for one thread: longer than the timeout of a store.
PATIENCE = 5.0


class Background(Protocol):
    """Work of a background thread."""

    def stop(self) -> None:
        """Tell the thread to end.

        Takes no lock and does no I/O: the garbage collector may call it at any point of any thread.
        """

    def is_running(self) -> bool:
        """Return whether the thread is running or being started."""

    def join(self, seconds: float) -> None:
        """Wait until the thread has ended, at most ``seconds``."""


class Owned(Protocol):
    """A resource such as a connection, for which threads may wait."""

    def stop_waiting(self) -> None:
        """Make waiting threads return, under the conditions of :meth:`Background.stop`."""

    def close(self) -> None:
        """Close the resource. May be called more than once."""


class Resources:
    """Closes what an application has opened: on request, or when the application is collected.

    Neither this object nor the objects added to it may refer to the application, which could
    otherwise not be garbage-collected.
    """

    def __init__(self) -> None:
        self._background: list[Background] = []
        self._owned: list[Owned] = []
        self._is_released = False

    def add_background(self, work: Background) -> None:
        """Add a thread to stop before anything is closed; it ends with :meth:`thread_ended`."""
        self._background.append(work)

    def own(self, owned: Owned) -> None:
        """Add a resource to close when no thread is running."""
        self._owned.append(owned)

    def close(self) -> None:
        """Stop all threads, wait for them, and close everything."""
        self._stop()
        for work in self._background:
            work.join(PATIENCE)
        self._close()

    def release(self) -> None:
        """Close everything without waiting; if threads are running, the last one to end closes.

        Called by the garbage collector, which may interrupt one of these threads while it holds a
        lock that closing needs.
        """
        self._stop()
        self._close_if_unused()

    def thread_ended(self) -> None:
        """Close released resources if this was the last running thread."""
        if self._is_released:
            self._close_if_unused()

    def _stop(self) -> None:
        for work in self._background:
            work.stop()
        for owned in self._owned:
            owned.stop_waiting()
        # Set last: from now on, a thread that ends closes the resources.
        self._is_released = True

    def _close_if_unused(self) -> None:
        if not any(work.is_running() for work in self._background):
            self._close()

    def _close(self) -> None:
        for owned in self._owned:
            owned.close()


def resources_of(app: Flask) -> Resources:
    """Return the resources of an application, which are released when it is garbage-collected."""
    resources: Resources | None = app.extensions.get(_KEY)
    if resources is None:
        resources = app.extensions[_KEY] = Resources()
        # Not at exit: the end of the process releases everything anyway.
        weakref.finalize(app, resources.release).atexit = False
    return resources


class Closing:
    """The ``close`` method of an extension, for all applications it was initialized with."""

    def __init__(self) -> None:
        # Weak: an extension may be a module global that outlives its applications.
        self._resources: weakref.WeakSet[Resources] = weakref.WeakSet()

    def add(self, app: Flask) -> Resources:
        """Add an application, and return its resources."""
        resources = resources_of(app)
        self._resources.add(resources)
        return resources

    def close(self) -> None:
        """Close the resources of all applications."""
        for resources in list(self._resources):
            resources.close()
