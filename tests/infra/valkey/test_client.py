"""Which client a URL opens, and which errors mean that the server is down."""

import ssl
from typing import Any

import pytest
import valkey
from valkey import exceptions

from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.valkey.client import TIMEOUT, Client, Server, client_opener
from flask_watchword.infra.valkey.sessions import ValkeySessionStore


def opened(url: str) -> Any:
    return client_opener(url)()


@pytest.mark.parametrize("scheme", ["valkey", "redis"])
def test_url_has_host_port_database_and_password(scheme: str) -> None:
    settings = opened(f"{scheme}://:secret@example.net:7000/3").connection_pool.connection_kwargs
    wanted = {"host": "example.net", "port": 7000, "db": 3, "password": "secret"}
    assert {name: settings[name] for name in wanted} == wanted


@pytest.mark.parametrize("scheme", ["valkeys", "rediss"])
def test_url_may_require_tls(scheme: str) -> None:
    connection = opened(f"{scheme}://example.net").connection_pool.make_connection()
    assert isinstance(connection, valkey.SSLConnection)
    assert connection.cert_reqs == ssl.CERT_REQUIRED


def test_url_may_be_a_socket_file() -> None:
    settings = opened("unix:///run/valkey.sock").connection_pool.connection_kwargs
    assert settings["path"] == "/run/valkey.sock"


def test_calls_are_limited_by_the_timeout_and_not_retried() -> None:
    connection = opened("valkey://example.net").connection_pool.make_connection()
    assert (connection.socket_timeout, connection.socket_connect_timeout) == (TIMEOUT, TIMEOUT)
    assert connection.retry._retries == 0


def test_client_options_may_follow() -> None:
    settings = opened("valkey://example.net?socket_timeout=0.5").connection_pool.connection_kwargs
    assert settings["socket_timeout"] == 0.5


@pytest.mark.parametrize(
    "url",
    ["", "valkey", "valkey:", "valkey://", "memcached://h", "valkey+sentinel://h", "+cluster://h"],
)
def test_url_of_another_scheme_is_rejected_immediately(url: str) -> None:
    with pytest.raises(ValueError, match="valkey://"):
        ValkeySessionStore.from_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "valkey://h:port",
        "valkey://h?nonsense=1",
        "valkey://h?socket_timeout=soon",
        "valkey+cluster://h:port",
        "valkey+cluster://h/3",
        "unix+cluster:///run/valkey.sock",
    ],
)
def test_url_that_no_client_can_use_is_rejected_immediately(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ValkeySessionStore.from_url(url)


def test_store_does_not_connect_before_it_is_used() -> None:
    ValkeySessionStore.from_url("valkey+cluster://127.0.0.1:1").close()


@pytest.mark.parametrize("url", ["valkey://127.0.0.1:1", "valkey+cluster://127.0.0.1:1"])
def test_stopped_server_is_unavailable(url: str) -> None:
    store = ValkeySessionStore.from_url(url)
    with pytest.raises(StoreUnavailable):
        store.get("session")
    with pytest.raises(StoreUnavailable):
        store.wait_for_change(0)


@pytest.mark.parametrize(
    "error",
    [
        exceptions.ConnectionError("refused"),
        exceptions.TimeoutError("silent"),
        exceptions.BusyLoadingError("loading"),
        exceptions.OutOfMemoryError("full"),
        exceptions.ReadOnlyError("a replica"),
        exceptions.ClusterError("no majority"),
        exceptions.ResponseError("MISCONF cannot write to disk"),
        exceptions.ValkeyClusterException("no node answers"),
    ],
)
def test_server_errors_become_one_exception(error: Exception) -> None:
    server = Server(client_opener("valkey://127.0.0.1:1"))
    with pytest.raises(StoreUnavailable, match=str(error)) as caught, server.client():
        raise error
    assert caught.value.__cause__ is error


def test_other_errors_are_unchanged() -> None:
    server = Server(client_opener("valkey://127.0.0.1:1"))
    with pytest.raises(KeyError), server.client():
        raise KeyError


def test_client_of_the_caller_stays_open() -> None:
    class Watched(valkey.Valkey):
        closed = False

        def close(self) -> None:
            self.closed = True

    client = Watched(port=1)
    given: Client = client
    ValkeySessionStore(given).close()
    assert not client.closed
