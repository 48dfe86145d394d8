"""Where a request comes from: the client's address, and the block of addresses it stands for."""

from collections.abc import Mapping

from flask_watchword.ip_networks import SITE_BITS, network_of, read_address

#: What stands for a client without an address: over a Unix socket there is none.
NOWHERE = ""

#: More of a forwarding header than any chain of proxies writes; what lies before is not looked at.
_MAX_HEADER_CHARACTERS = 2048

#: Bits of an address that one customer does not choose: a subscriber gets a /64 of IPv6 at least
#: (RFC 6177), and can take another of its 2**64 addresses for each request.
_BLOCK_BITS = {4: 32, 6: 64}

#: Bits of IPv6 that one site gets as a whole: companies, hosting customers and tunnels often have a
#: /48, which is 65,536 blocks (RFC 6177).
_ROUTED_BITS = 48


def client_address(remote: str | None, forwarded_for: str | None, trusted_proxies: int) -> str:
    """Return the address of the client, in its one spelling.

    Each proxy appends to ``X-Forwarded-For`` whom it was called by, so of the entries only the
    last ones, one for each proxy of ours, were written by somebody we trust. What comes before
    them a client may have sent itself.

    Args:
        remote: who opened the connection to this server.
        forwarded_for: the header; several of them joined with commas.
        trusted_proxies: how many proxies of ours every request comes through. 0 ignores the
            header, as it must be ignored where anybody can connect directly.

    Returns:
        the address, or :data:`NOWHERE`. Where the header has fewer entries than there are
        proxies, or none that is an address, the connection's own counts: that one is genuine.
    """
    if trusted_proxies > 0 and forwarded_for:
        entries = forwarded_for[-_MAX_HEADER_CHARACTERS:].split(",")
        if len(entries) >= trusted_proxies:
            forwarded = read_address(entries[-trusted_proxies])
            if forwarded is not None:
                return str(forwarded)
    connected = read_address(remote or NOWHERE)
    return NOWHERE if connected is None else str(connected)


def address_block(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or a /64 of IPv6."""
    return _network(address, _BLOCK_BITS)


def routed_network(address: str) -> str | None:
    """Return the /48 of an IPv6 address; ``None`` for IPv4, where one client has one address."""
    parsed = read_address(address)
    if parsed is None or parsed.version == 4:
        return None
    return network_of(address, {6: _ROUTED_BITS})


def address_site(address: str) -> str:
    """Return what counts as one neighbourhood: a /24 of IPv4, or a /48 of IPv6."""
    return _network(address, SITE_BITS)


def is_loopback(address: str) -> bool:
    """Tell whether an address is this very machine's own."""
    found = read_address(address)
    return found is not None and found.is_loopback


def _network(address: str, bits: Mapping[int, int]) -> str:
    return network_of(address, bits) or NOWHERE
