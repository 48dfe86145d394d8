"""The Valkey client: opened from a URL at first use, or given by the application."""

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
from flask_watchword.infra.valkey.scripts import WITH_DEADLINE, script
from flask_watchword.locks import process_lock

#: Time limit for connecting and for an answer, in seconds. Also when the server is frozen, a whole
#: request has to be answered within two seconds.
TIMEOUT = 1.5

# valkey-py and redis-py differ only in names.
_LIBRARIES = ("valkey", "redis")
_SCHEMES = {"valkey": False, "redis": False, "valkeys": True, "rediss": True}


class Client(Protocol):
    """The methods used of ``valkey.Valkey``, ``redis.Redis`` and their cluster clients."""

    def evalsha(self, sha: str, numkeys: int, *keys_and_args: Any) -> Any:
        """Run a script that the server has cached."""

    def eval(self, script: str, numkeys: int, *keys_and_args: Any) -> Any:
        """Run a script, which the server caches."""

    def hmget(self, name: str, keys: Any) -> Any:
        """Return fields of a hash."""

    def get(self, name: str) -> Any:
        """Return a value."""

    def delete(self, *names: str) -> Any:
        """Delete keys."""

    def publish(self, channel: str, message: str) -> Any:
        """Send a message to the subscribers of a channel."""

    def pubsub(self) -> Any:
        """Return a subscription object with its own connection."""

    def close(self) -> Any:
        """Close the connections."""


def client_opener(url: str) -> Callable[[], Client]:
    """Return a function that opens the client for a URL; a cluster client then reads the layout.

    Args:
        url: ``valkey://host:port/database``, ``valkeys://`` for TLS, ``redis`` and ``rediss``
            likewise, ``unix:///path``; with ``+cluster`` after the scheme any node of a cluster.
            The query may contain options of the client and the prefix of our keys as ``prefix``.

    Raises:
        ValueError: when the URL has another form.
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
    """Return the prefix in ``?prefix=…`` of a URL, or ``None``."""
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
        # Its message quotes the text, perhaps a part of a password.
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
    # Creates a connection object without connecting, so that wrong options fail now and not at
    # the first request.
    try:
        client.from_url(address).connection_pool.make_connection()
    except Exception as error:
        raise ValueError("the URL has an option that the client does not accept") from error


def _options(library: str) -> dict[str, object]:
    # No retry by the client: it would double the time for which a worker may be blocked.
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


# Kept, because garbage-collecting a client of the parent would close its connections.
_inherited: list[object] = []


class Server(ForkAware):
    """A Valkey server: runs scripts by name, and raises one error when it does not answer.

    Args:
        open_client: opens the client; called at first use in each process.
    """

    def __init__(self, open_client: Callable[[], Client]) -> None:
        self._open_client = open_client
        self._client: Client | None = None
        self._lock = process_lock()
        self._breaker = CircuitBreaker(TIMEOUT)
        self._clock = ServerClock(TIMEOUT)
        watch_forks(self)

    def after_fork(self) -> None:
        """Leave the client to the parent."""
        _inherited.append(self._client)
        self._client = None

    def run(self, name: str, keys: Sequence[str], *args: str | int) -> Any:
        """Run a script; send its text if the server has not cached it.

        Raises:
            StoreUnavailable: when there is no answer. A script in ``WITH_DEADLINE`` is then not
                run later either.
        """
        if name not in WITH_DEADLINE:
            return self._run(name, keys, *args)
        # The first answer is the server's time if that was unknown, or if its clock was changed.
        for _ in range(2):
            answer = self._run(name, keys, *args, round((self._clock.deadline() or 0.0) * 1e6))
            if not isinstance(answer, int):
                return answer
            self._clock.update(answer / 1e6)
        raise StoreUnavailable("the server takes too long to answer")

    def _run(self, name: str, keys: Sequence[str], *args: str | int) -> Any:
        wanted = script(name)
        with self.client() as client:
            try:
                return client.evalsha(wanted.digest, len(keys), *keys, *args)
            except Exception as error:
                # Compared by name, which both libraries use. The script has not run.
                if type(error).__name__ != "NoScriptError":
                    raise
            return client.eval(wanted.text, len(keys), *keys, *args)

    @contextlib.contextmanager
    def client(self) -> Iterator[Client]:
        """Yield the client for one call.

        Raises:
            StoreUnavailable: in place of any error of the client.
        """
        with translated_errors(), no_fork:
            if self._breaker.is_open():
                raise StoreUnavailable("the server does not answer")
            try:
                yield self._opened()
            except Exception as error:
                # Compared by name, which both libraries use.
                if type(error).__name__ == "TimeoutError":
                    self._breaker.record_timeout()
                raise
            self._breaker.record_answer()

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
    """Raise ``StoreUnavailable`` in place of any error of a client."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, _errors_of(error)):
            raise
        raise StoreUnavailable(str(error) or type(error).__name__) from error


def _errors_of(error: Exception) -> tuple[type[Exception], ...]:
    # The error tells the library: the client may be a class of the application.
    for base in type(error).__mro__:
        library = base.__module__.partition(".")[0]
        if library in _LIBRARIES:
            errors = import_module(f"{library}.exceptions")
            # The error of a cluster without a reachable node is not a subclass of the first one.
            names = (f"{library.title()}Error", f"{library.title()}ClusterException")
            return tuple(getattr(errors, name) for name in names)
    return ()
