"""The client: opened from a URL when it is first needed, or one that the application has."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode

from flask_watchword.extras import MissingExtra
from flask_watchword.fork_safety import ForkAware, no_fork, watch_forks
from flask_watchword.infra.circuit_breaker import CircuitBreaker
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.server_clock import ServerClock
from flask_watchword.infra.valkey.scripts import IN_TIME, script
from flask_watchword.locks import process_lock

#: Seconds that connecting may take, and an answer: a request that meets a frozen server is to be
#: answered within two seconds, with what it does beside that.
TIMEOUT = 1.5

# valkey-py and redis-py are alike but for the names they carry.
_LIBRARIES = ("valkey", "redis")
_SCHEMES = {"valkey": False, "redis": False, "valkeys": True, "rediss": True}


class Client(Protocol):
    """What is used of ``valkey.Valkey``, ``redis.Redis`` and their cluster clients."""

    def evalsha(self, sha: str, numkeys: int, *keys_and_args: Any) -> Any:
        """Run a script the server knows."""

    def eval(self, script: str, numkeys: int, *keys_and_args: Any) -> Any:
        """Run a script and let the server know it from then on."""

    def hmget(self, name: str, keys: Any) -> Any:
        """Return fields of a hash."""

    def get(self, name: str) -> Any:
        """Return a value."""

    def delete(self, *names: str) -> Any:
        """Delete keys."""

    def publish(self, channel: str, message: str) -> Any:
        """Send a message to whoever listens."""

    def pubsub(self) -> Any:
        """Return a listener with a connection of its own."""

    def close(self) -> Any:
        """Close the connections."""


def client_opener(url: str) -> Callable[[], Client]:
    """Return what opens the client for a URL; a cluster's asks its nodes for the layout then.

    Args:
        url: ``valkey://host:port/database``, ``valkeys://`` for TLS, both also as ``redis``,
            ``unix:///path``; with ``+cluster`` after the scheme any node of a cluster. Options
            of the client may follow as a query, and the prefix of our keys as ``prefix``.

    Raises:
        ValueError: when the URL is of no such kind.
        MissingExtra: when neither valkey-py nor redis-py is installed.
    """
    scheme, _, rest = url.partition("://")
    kind, plus, variant = scheme.partition("+")
    if not rest or kind not in {*_SCHEMES, "unix"} or plus + variant not in {"", "+cluster"}:
        raise ValueError("a URL like valkey://host:6379/0 is needed")
    library = _installed_library()
    address, _ = _split_prefix(f"{_scheme_for(library, kind)}://{rest}")
    parts = _parsed(library, address)
    if variant:
        return _cluster_opener(library, address, parts)
    client: Any = getattr(import_module(library), library.title())
    _check_options(client, address)
    return partial(client.from_url, address, **_options(library))


def prefix_of(url: str) -> str | None:
    """Return the prefix that a URL names by ``?prefix=…``; ``None`` where it names none."""
    return _split_prefix(url)[1]


def _split_prefix(url: str) -> tuple[str, str | None]:
    address, mark, query = url.partition("?")
    options = parse_qsl(query, keep_blank_values=True)
    others = [(name, value) for name, value in options if name != "prefix"]
    if len(others) == len(options):
        return url, None
    return address + (mark if others else "") + urlencode(others), dict(options)["prefix"]


def _parsed(library: str, address: str) -> dict[str, Any]:
    try:
        pool = import_module(f"{library}.connection").ConnectionPool.from_url(address)
    except ValueError:
        # It quotes what could not be read, perhaps a part of a password.
        raise ValueError(
            "the URL of the server cannot be read; what is special in a password is written as "
            "in any URL, / as %2F"
        ) from None
    parts: dict[str, Any] = pool.connection_kwargs
    return parts


def _cluster_opener(library: str, address: str, parts: dict[str, Any]) -> Callable[[], Client]:
    if "host" not in parts or parts.get("db"):
        raise ValueError("a cluster is named by the host of a node, and has only database 0")
    options = _options(library) | {"require_full_coverage": False}
    if library == "valkey":
        options["cluster_error_retry_attempts"] = 0
    client: Any = getattr(import_module(library), f"{library.title()}Cluster")
    return partial(client.from_url, address, **options)


def _check_options(client: Any, address: str) -> None:
    # Makes a connection without connecting it. Otherwise the first request would find out.
    try:
        client.from_url(address).connection_pool.make_connection()
    except Exception as error:
        raise ValueError("the URL has an option that the client does not accept") from error


def _options(library: str) -> dict[str, object]:
    # No second try by the client: it would double the time for which a worker may be held up.
    no_back_off = import_module(f"{library}.backoff").NoBackoff()
    return {
        "socket_timeout": TIMEOUT,
        "socket_connect_timeout": TIMEOUT,
        "socket_keepalive": True,
        "retry": import_module(f"{library}.retry").Retry(no_back_off, 0),
    }


def _installed_library() -> str:
    for library in _LIBRARIES:
        if find_spec(library):
            return library
    raise MissingExtra("valkey", "valkey")


def _scheme_for(library: str, kind: str) -> str:
    if kind == "unix":
        return kind
    return {"valkey": "valkeys", "redis": "rediss"}[library] if _SCHEMES[kind] else library


# Kept, because to collect a connection of the parent's as garbage is to end it.
_of_parents: list[object] = []


class Server(ForkAware):
    """The server as a store speaks to it: scripts by name, and one error when it is away.

    Args:
        open_client: called when the client is first needed, in each process anew.
    """

    def __init__(self, open_client: Callable[[], Client]) -> None:
        self._open_client = open_client
        self._client: Client | None = None
        self._lock = process_lock()
        self._silence = CircuitBreaker(TIMEOUT)
        self._clock = ServerClock(TIMEOUT)
        watch_forks(self)

    def after_fork(self) -> None:
        """Leave the client to the parent."""
        _of_parents.append(self._client)
        self._client = None

    def run(self, name: str, keys: Sequence[str], *args: str | int) -> Any:
        """Run a script, and give it to the server where that does not know it yet.

        Raises:
            StoreUnavailable: when there is no answer. One of ``IN_TIME`` is not run later either.
        """
        if name not in IN_TIME:
            return self._run(name, keys, *args)
        # The first answer may be the clock instead: it was unknown, or has been set meanwhile.
        for _ in range(2):
            answer = self._run(name, keys, *args, round((self._clock.deadline() or 0.0) * 1e6))
            if not isinstance(answer, int):
                return answer
            self._clock.learn(answer / 1e6)
        raise StoreUnavailable("the server takes too long to answer")

    def _run(self, name: str, keys: Sequence[str], *args: str | int) -> Any:
        wanted = script(name)
        with self.client() as client:
            try:
                return client.evalsha(wanted.digest, len(keys), *keys, *args)
            except Exception as error:
                # By its name, which both libraries use. Nothing has run when it is raised.
                if type(error).__name__ != "NoScriptError":
                    raise
            return client.eval(wanted.text, len(keys), *keys, *args)

    @contextlib.contextmanager
    def client(self) -> Iterator[Client]:
        """Lend the client for a question, which the server answers or the time-out ends.

        Raises:
            StoreUnavailable: instead of whatever error the client raises meanwhile.
        """
        with translated_errors(), no_fork:
            if self._silence.lasts():
                raise StoreUnavailable("the server does not answer")
            try:
                yield self._opened()
            except Exception as error:
                # By its name, which both libraries use.
                if type(error).__name__ == "TimeoutError":
                    self._silence.begin()
                raise
            self._silence.end()

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        with self._lock():
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _opened(self) -> Client:
        if self._client is None:
            with self._lock():
                if self._client is None:
                    self._client = self._open_client()
        return self._client


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Raise ``StoreUnavailable`` instead of whatever error a client raises."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, _errors_of(error)):
            raise
        raise StoreUnavailable(str(error) or type(error).__name__) from error


def _errors_of(error: Exception) -> tuple[type[Exception], ...]:
    # The library is known by the error: a client may be a class of the application's own.
    for base in type(error).__mro__:
        library = base.__module__.partition(".")[0]
        if library in _LIBRARIES:
            errors = import_module(f"{library}.exceptions")
            # What a cluster without an answering node raises is not of the family.
            names = (f"{library.title()}Error", f"{library.title()}ClusterException")
            return tuple(getattr(errors, name) for name in names)
    return ()
