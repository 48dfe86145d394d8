"""Engines and forks: a connection belongs to the process that made it."""

from weakref import WeakSet

from sqlalchemy import Engine

from flask_watchword.fork_safety import ForkAware, watch_forks


class _Engines(ForkAware):
    """The engines of this process."""

    def __init__(self) -> None:
        self.known: WeakSet[Engine] = WeakSet()

    def before_fork(self) -> None:
        """Close the connections to SQLite files.

        The library keeps one account of a file's locks for the whole process. A child would take
        its parent's for its own and lock nothing, and what it commits would be lost as soon as
        somebody else, who sees no lock, closes the file for good.
        """
        for engine in list(self.known):
            if engine.dialect.name == "sqlite":
                engine.dispose()

    def after_fork(self) -> None:
        """Begin with empty pools: two that talk over one connection read each other's answers."""
        for engine in list(self.known):
            engine.dispose(close=False)


_engines = _Engines()
watch_forks(_engines)


def forget_connections_in_children(engine: Engine) -> None:
    """Keep the connections of an engine to this process."""
    _engines.known.add(engine)
