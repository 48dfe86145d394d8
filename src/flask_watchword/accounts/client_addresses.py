"""The client's address, and the network that counts as one client."""

from collections.abc import Mapping
from functools import lru_cache

from flask_watchword.ip_networks import NETWORK_BITS, network_of, read_address

#: The address of a client without one, as over a Unix socket.
NOWHERE = ""

#: More than any chain of proxies writes into a forwarding header; the part before it is ignored.
_MAX_HEADER_CHARACTERS = 2048

#: Prefix lengths that a single customer cannot choose: a subscriber gets at least a /64 of IPv6
#: (RFC 6177), and can use another of its 2**64 addresses for each request.
_BLOCK_BITS = {4: 32, 6: 64}

#: Prefix length that one site is assigned: companies, hosting customers and tunnels often have a
#: /48, which is 65,536 blocks (RFC 6177).
_ROUTED_BITS = 48


def client_address(remote: str | None, forwarded_for: str | None, trusted_proxies: int) -> str:
    """Return the address of the client in its canonical spelling.

    Each proxy appends the address of its peer to ``X-Forwarded-For``, so only the last entries, one
    for each trusted proxy, are trustworthy. The client may have sent the entries before them.

    Args:
        remote: the peer address of the connection.
        forwarded_for: the header; several headers joined with commas.
        trusted_proxies: number of trusted proxies that every request passes. 0 ignores the header,
            which is necessary if clients can connect directly.

    Returns:
        The address, or :data:`NOWHERE`. If the header has fewer entries than there are proxies, or
        no valid address, the peer address of the connection is used, which cannot be forged.
    """
    if trusted_proxies > 0 and forwarded_for:
        entries = forwarded_for[-_MAX_HEADER_CHARACTERS:].split(",")
        if len(entries) >= trusted_proxies:
            forwarded = read_address(entries[-trusted_proxies])
            if forwarded is not None:
                return str(forwarded)
    return _canonical(remote or NOWHERE)


@lru_cache(1024)
def _canonical(remote: str) -> str:
    # Cached, because parsing takes microseconds, and connections are kept alive.
    connected = read_address(remote)
    return NOWHERE if connected is None else str(connected)


def address_block(address: str) -> str:
    """Return the network that counts as one client: an IPv4 address, or a /64 of IPv6."""
    return _network(address, _BLOCK_BITS)


def routed_network(address: str) -> str | None:
    """Return the /48 of an IPv6 address; ``None`` for IPv4, where a client has one address."""
    parsed = read_address(address)
    if parsed is None or parsed.version == 4:
        return None
    return network_of(address, {6: _ROUTED_BITS})


def address_network(address: str) -> str:
    """Return the network that counts as one site: a /24 of IPv4, or a /48 of IPv6."""
    return _network(address, NETWORK_BITS)


def is_loopback(address: str) -> bool:
    """Tell whether an address is a loopback address."""
    found = read_address(address)
    return found is not None and found.is_loopback


def _network(address: str, bits: Mapping[int, int]) -> str:
    return network_of(address, bits) or NOWHERE
