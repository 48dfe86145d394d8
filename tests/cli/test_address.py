import socket

import click
import pytest

from flask_watchword.cli.address import describe_address, free_address, is_loopback, local_url


def test_free_port_gives_the_numeric_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert free_address("127.0.0.1", port) == "127.0.0.1"


def test_port_check_accepts_no_connections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def listen(*_: object) -> None:
        raise AssertionError("it listened")

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setattr(socket.socket, "listen", listen)
    assert free_address("127.0.0.1", port) == "127.0.0.1"


def test_port_in_use_is_rejected() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(click.ClickException, match=f"port {port} on 127.0.0.1 is in use"):
            free_address("127.0.0.1", port)


def test_port_shared_by_other_workers_counts_as_in_use() -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(click.ClickException, match="is in use"):
            free_address("127.0.0.1", taken.getsockname()[1])


def test_address_of_another_machine_is_rejected() -> None:
    with pytest.raises(click.ClickException, match=r"cannot listen on 192\.0\.2\.1, port 5000"):
        free_address("192.0.2.1", 5000)


@pytest.mark.parametrize("host", ["256.0.0.1", "a" * 70, "."])
def test_invalid_address_is_rejected(host: str) -> None:
    with pytest.raises(click.ClickException, match="no such address"):
        free_address(host, 5000)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:5000"),
        ("localhost", "http://localhost:5000"),
        ("0.0.0.0", "http://127.0.0.1:5000"),  # noqa: S104 -- only named, never listened on
        ("::", "http://[::1]:5000"),
        ("::1", "http://[::1]:5000"),
    ],
)
def test_url_can_be_opened_by_a_client_on_this_machine(host: str, url: str) -> None:
    assert local_url(host, 5000) == url


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("127.0.0.1", "http://127.0.0.1:5000"),
        ("0.0.0.0", "all IPv4 addresses of this machine, port 5000: http://127.0.0.1:5000"),  # noqa: S104
        ("::", "all addresses of this machine, port 5000: http://[::1]:5000"),
    ],
)
def test_message_names_the_listening_address(address: str, words: str) -> None:
    assert describe_address(address, local_url(address, 5000), 5000) == words


@pytest.mark.parametrize(
    ("address", "alone"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("0.0.0.0", False), ("::", False)],  # noqa: S104
)
def test_only_loopback_addresses_exclude_other_machines(address: str, alone: bool) -> None:
    assert is_loopback(address) is alone
