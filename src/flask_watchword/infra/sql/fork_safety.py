"""Engines and forks: a connection belongs to the process that opened it."""

from weakref import WeakSet

from sqlalchemy import Engine

from flask_watchword.fork_safety import ForkAware, watch_forks


class _Engines(ForkAware):
    """All engines of this process."""

    def __init__(self) -> None:
        self.known: WeakSet[Engine] = WeakSet()

    def before_fork(self) -> None:
        """Close the connections to SQLite files.

        The SQLite library keeps one record of the locks on a file for the whole process. A child
        would treat its parent's locks as its own and lock nothing, and its commits would be lost
        when another process, which sees no lock, closes its last connection to the file.
        """
        for engine in list(self.known):
            if engine.dialect.name == "sqlite":
                engine.dispose()

    def after_fork(self) -> None:
        """Start with empty pools: two processes on one connection read each other's answers."""
        for engine in list(self.known):
            engine.dispose(close=False)


_engines = _Engines()
watch_forks(_engines)


def forget_connections_in_children(engine: Engine) -> None:
    """Keep forked children from using the connections of an engine."""
    _engines.known.add(engine)
