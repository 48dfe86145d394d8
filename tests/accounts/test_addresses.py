import pytest

from flask_watchword.accounts.client_addresses import (
    NOWHERE,
    address_block,
    address_network,
    client_address,
)


def test_forwarding_header_is_ignored_unless_proxies_are_trusted() -> None:
    assert client_address("192.0.2.1", "203.0.113.9", 0) == "192.0.2.1"


@pytest.mark.parametrize(
    ("header", "proxies", "expected"),
    [
        ("203.0.113.9", 1, "203.0.113.9"),
        ("1.1.1.1, 203.0.113.9", 1, "203.0.113.9"),
        ("1.1.1.1, 203.0.113.9, 10.0.0.1", 2, "203.0.113.9"),
        (" 203.0.113.9 ", 1, "203.0.113.9"),
        ("203.0.113.9:4711", 1, "203.0.113.9"),
        ("[2001:db8::7]:4711", 1, "2001:db8::7"),
        ("2001:DB8:0::7", 1, "2001:db8::7"),
        ("::ffff:203.0.113.9", 1, "203.0.113.9"),
    ],
)
def test_entry_of_the_outermost_trusted_proxy_is_the_client(
    header: str, proxies: int, expected: str
) -> None:
    assert client_address("10.0.0.2", header, proxies) == expected


def test_entries_before_it_are_never_the_client() -> None:
    forged = ", ".join(["198.51.100.66"] * 500)
    assert client_address("10.0.0.2", f"{forged}, 203.0.113.9", 1) == "203.0.113.9"


@pytest.mark.parametrize(
    "header", [None, "", "unknown", "_hidden", "203.0.113.9, ", "1.2.3.4.5", "\0", "١٢٧.0.0.1", ","]
)
def test_header_without_an_address_in_that_position_is_ignored(
    header: str | None,
) -> None:
    assert client_address("10.0.0.2", header, 1) == "10.0.0.2"


def test_request_that_bypassed_the_proxies_has_the_address_of_its_connection() -> None:
    assert client_address("10.0.0.2", "203.0.113.9", 2) == "10.0.0.2"


@pytest.mark.parametrize("remote", [None, "", "unix:", "\0", "localhost"])
def test_connection_without_an_address_has_no_client_address(remote: str | None) -> None:
    assert client_address(remote, None, 0) == NOWHERE
    assert address_block(client_address(remote, None, 0)) == NOWHERE


@pytest.mark.parametrize(
    ("address", "block", "site"),
    [
        ("203.0.113.9", "203.0.113.9/32", "203.0.113.0/24"),
        ("::ffff:203.0.113.9", "203.0.113.9/32", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        ("::1", "::/64", "::/48"),
    ],
)
def test_address_belongs_to_its_block_and_site(address: str, block: str, site: str) -> None:
    assert address_block(address) == block
    assert address_network(address) == site


def test_all_addresses_of_one_subscriber_are_one_block() -> None:
    assert {address_block(f"2001:db8:0:7::{n:x}") for n in range(1, 200)} == {"2001:db8:0:7::/64"}
    assert address_block("2001:db8:0:7::1") != address_block("2001:db8:0:8::1")
