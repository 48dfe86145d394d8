"""The sender of a request: address and user agent, and when two requests look like one device."""

from dataclasses import dataclass

from flask_watchword.ip_networks import NETWORK_BITS, network_of


@dataclass(frozen=True, slots=True)
class Requester:
    """The sender of a request, as far as the request reveals it.

    Attributes:
        address: IP address; empty when unknown.
        agent: ``User-Agent`` header; empty when there is none.
    """

    address: str = ""
    agent: str = ""

    @property
    def is_known(self) -> bool:
        """Whether the address or the user agent is known."""
        return bool(self.address or self.agent)

    def looks_like(self, other: "Requester") -> bool:
        """Tell whether both have the same user agent and are in the same network."""
        return self.agent == other.agent and (
            self.address == other.address or _network(self.address) == _network(other.address)
        )


#: The sender of a request about which nothing is known.
UNKNOWN_REQUESTER = Requester()


def _network(address: str) -> str:
    return network_of(address, NETWORK_BITS) or address
