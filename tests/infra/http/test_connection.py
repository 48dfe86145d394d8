"""Which addresses of a host are connected to, and for how long."""

import socket
from typing import Any

import pytest

from flask_watchword.infra.http.connection import connect
from flask_watchword.infra.http.deadline import Deadline
from flask_watchword.infra.http.url import Url, UrlNotAllowed, check_ip, redirect_target
from tests.infra.http.elapsed import Elapsed
from tests.infra.http.site import Site

CONFIGURED = Url("https", "keys.example", 443, "/")
TOLD = Url("https", "keys.example", 443, "/", public=True)
LOCAL = Url("http", "localhost", 80, "/")

NOT_PUBLIC = [
    "127.0.0.1",
    "10.0.0.7",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "0.0.0.0",  # noqa: S104 - nothing listens on it
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%lo",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
]


class Socket:
    """Takes some time to connect, and then fails."""

    def __init__(self, elapsed: Elapsed) -> None:
        self._elapsed = elapsed
        self.open = True

    def settimeout(self, seconds: float) -> None:
        self.seconds = seconds

    def connect(self, place: Any) -> None:
        self._elapsed.now += self.seconds
        raise TimeoutError("timed out")

    def close(self) -> None:
        self.open = False


def resolves_to(monkeypatch: pytest.MonkeyPatch, *places: tuple[str, int]) -> None:
    """Resolve every name to these addresses."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", place) for place in places]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


@pytest.mark.parametrize("number", NOT_PUBLIC)
def test_discovered_name_must_resolve_to_a_public_address(number: str) -> None:
    with pytest.raises(UrlNotAllowed, match="which is not public"):
        check_ip(TOLD, number)


@pytest.mark.parametrize("number", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_discovered_name_on_the_issuers_host_may_resolve_to_any_address(number: str) -> None:
    check_ip(TOLD, number)


@pytest.mark.parametrize("number", ["8.8.8.8", "10.0.0.7", "127.0.0.1", "fd00::1"])
def test_configured_name_may_resolve_to_a_private_address(number: str) -> None:
    check_ip(CONFIGURED, number)


@pytest.mark.parametrize("number", ["8.8.8.8", "10.0.0.7", "169.254.169.254", "::", "fe80::1"])
def test_localhost_that_resolves_to_another_machine_is_not_fetched_by_http(number: str) -> None:
    with pytest.raises(UrlNotAllowed, match="localhost is another machine"):
        check_ip(LOCAL, number)


@pytest.mark.parametrize("number", ["127.0.0.1", "127.7.7.7", "::1", "::ffff:127.0.0.1"])
def test_localhost_is_this_machine(number: str) -> None:
    check_ip(LOCAL, number)


def test_redirect_to_a_private_address_is_not_followed() -> None:
    assert redirect_target(TOLD, "/other").public
    assert not redirect_target(CONFIGURED, "/other").public


def test_checked_address_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch, site: Site, elapsed: Elapsed
) -> None:
    resolves_to(monkeypatch, ("127.0.0.1", site.port))
    url = Url("https", "rebound.example", site.port, "/", public=True)
    with pytest.raises(UrlNotAllowed, match=r"resolves to 127\.0\.0\.1"):
        connect(url, Deadline(5.0, elapsed))
    assert not site.ended.acquire(timeout=0.05)
    configured = Url("https", "private.example", site.port, "/")
    connect(configured, Deadline(5.0, elapsed)).close()
    assert site.ended.acquire(timeout=30)


def test_next_address_is_tried_after_one_that_fails(
    monkeypatch: pytest.MonkeyPatch, site: Site, elapsed: Elapsed
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and does not listen
        resolves_to(monkeypatch, closed.getsockname(), ("127.0.0.1", site.port))
        connect(CONFIGURED, Deadline(5.0, elapsed)).close()


def test_many_addresses_share_one_time_limit(
    monkeypatch: pytest.MonkeyPatch, elapsed: Elapsed
) -> None:
    made: list[Socket] = []

    def new_socket(*_: Any) -> Socket:
        made.append(Socket(elapsed))
        return made[-1]

    resolves_to(monkeypatch, *[(f"8.8.8.{number}", 443) for number in range(20)])
    monkeypatch.setattr(socket, "socket", new_socket)
    with pytest.raises(TimeoutError, match="took longer than 5 seconds"):
        connect(CONFIGURED, Deadline(5.0, elapsed))
    assert [sock.seconds for sock in made] == [3.0, 2.0]
    assert not any(sock.open for sock in made)


def test_name_that_does_not_resolve_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, elapsed: Elapsed
) -> None:
    resolves_to(monkeypatch)
    with pytest.raises(OSError, match="does not resolve"):
        connect(CONFIGURED, Deadline(5.0, elapsed))


@pytest.mark.parametrize(
    "number",
    ["127.0.0.1", "::1", "10.0.0.7", "172.18.0.2", "192.168.1.1", "100.64.0.1", "fd00::1"],
)
def test_allowed_http_connects_to_a_private_network(number: str) -> None:
    check_ip(Url("http", "keycloak", 8080, "/", private_http=True), number)


@pytest.mark.parametrize(
    "number",
    ["8.8.8.8", "2001:4860:4860::8888", "169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1"],  # noqa: S104
)
def test_allowed_http_connects_to_no_other_address(number: str) -> None:
    with pytest.raises(UrlNotAllowed, match="is not on a private network"):
        check_ip(Url("http", "keycloak", 8080, "/", private_http=True), number)
