"""Who sent the current request, as far as it can be told."""

from dataclasses import dataclass

from flask import request

from flask_watchword.accounts.client_addresses import client_address
from flask_watchword.service.context import service_context

#: Characters of a User-Agent header that are kept.
_AGENT_CHARACTERS = 256


@dataclass(frozen=True, slots=True)
class Client:
    """Where a request came from.

    Attributes:
        address: of the client, behind the proxies that are trusted; empty where there is none.
        agent: its User-Agent header.
    """

    address: str
    agent: str


def client() -> Client:
    """Return who sent the current request."""
    forwarded = ",".join(request.headers.getlist("X-Forwarded-For"))
    trusted = service_context().settings.trusted_proxies
    address = client_address(request.remote_addr, forwarded, trusted)
    return Client(address, request.user_agent.string[:_AGENT_CHARACTERS])
