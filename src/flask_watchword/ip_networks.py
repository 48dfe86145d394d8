"""Read IP addresses, and find the network that an address belongs to."""

import ipaddress
from collections.abc import Mapping
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Bits shared by neighbours, by IP version: what a company, a hosting customer or a tunnel often
#: gets as a whole (RFC 6177 for IPv6).
SITE_BITS: Mapping[int, int] = {4: 24, 6: 48}


def read_address(text: str) -> Address | None:
    """Return the address that a text is, with or without a port; ``None`` where it is none.

    An IPv4 address that is mapped into IPv6 is the IPv4 address.
    """
    try:
        address = ipaddress.ip_address(_without_port(text.strip()))
    except ValueError:
        return None
    if address.version == 4:
        return address
    # The same client, whichever socket of ours it called (RFC 4291 section 2.5.5.2). A zone is a
    # name of our own network cards, and nothing of the client's.
    return address.ipv4_mapped or ipaddress.IPv6Address(int(address))


def network_of(text: str, bits: Mapping[int, int]) -> str | None:
    """Return the network of an address, such as ``192.0.2.0/24``.

    Args:
        text: the address.
        bits: length of the network's prefix, by IP version.

    Returns:
        the network; ``None`` where the text is no address.
    """
    address = read_address(text)
    if address is None:
        return None
    # By the bytes: a whole number below 2**32 would be read as IPv4.
    return str(ipaddress.ip_network((address.packed, bits[address.version]), strict=False))


def _without_port(text: str) -> str:
    # Some proxies write 192.0.2.1:4711 and [2001:db8::1]:4711 (RFC 7239 section 6 has both).
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
