"""Who sends a request: its address and user agent, and when two requests look like one device."""

import ipaddress
from dataclasses import dataclass

#: Bits of an address that devices of one network share: a /24 of IPv4, a /48 of IPv6.
_NETWORK_BITS = {4: 24, 6: 48}


@dataclass(frozen=True, slots=True)
class Requester:
    """The sender of a request, as far as the request tells.

    Attributes:
        address: IP address; empty where it is not known.
        agent: ``User-Agent`` header; empty where there is none.
    """

    address: str = ""
    agent: str = ""

    @property
    def is_known(self) -> bool:
        """Whether anything is known of the sender."""
        return bool(self.address or self.agent)

    def looks_like(self, other: "Requester") -> bool:
        """Whether both have the same user agent and are in the same network."""
        return self.agent == other.agent and (
            self.address == other.address or _network(self.address) == _network(other.address)
        )


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return str(ipaddress.ip_network((parsed.packed, _NETWORK_BITS[parsed.version]), strict=False))
