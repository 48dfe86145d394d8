"""Parse IP addresses, and find the network of an address."""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

#: The prefix length of a network, by IP version: what a company, a hosting customer or a
#: tunnel is often assigned as a whole (RFC 6177 for IPv6).
NETWORK_BITS: Mapping[int, int] = {4: 24, 6: 48}


#: Characters of the longest text that is parsed, with a zone and a port: what a client sends is
#: cached.
_LONGEST = 100


def read_address(text: str) -> Address | None:
    """Parse an address with or without a port; return ``None`` if it is not one.

    An IPv4-mapped IPv6 address is returned as the IPv4 address.
    """
    return _parsed(text) if len(text) <= _LONGEST else None


@lru_cache(1024)
def _parsed(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(_without_port(text.strip()))
    except ValueError:
        return None
    if address.version == 4:
        return address
    # The same client, whether it connected to an IPv4 or an IPv6 socket (RFC 4291 section 2.5.5.2).
    # The zone is dropped: it names an interface of this machine, not of the client.
    return address.ipv4_mapped or ipaddress.IPv6Address(int(address))


def network_of(text: str, bits: Mapping[int, int]) -> str | None:
    """Return the network of an address, such as ``192.0.2.0/24``.

    Args:
        text: the address.
        bits: the prefix length of the network, by IP version.

    Returns:
        The network; ``None`` if the text is not an address.
    """
    address = read_address(text)
    return None if address is None else _network(address, bits[address.version])


@lru_cache(1024)
def _network(address: Address, bits: int) -> str:
    # From the bytes: an integer below 2**32 would be read as an IPv4 address.
    return str(ipaddress.ip_network((address.packed, bits), strict=False))


def _without_port(text: str) -> str:
    # Some proxies write 192.0.2.1:4711 and [2001:db8::1]:4711 (both forms in RFC 7239 section 6).
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
