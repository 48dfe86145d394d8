"""Where the current request comes from: client address, User-Agent and session."""

from flask import has_request_context, request

from flask_watchword.accounts.client_addresses import client_address
from flask_watchword.accounts.transaction import Source
from flask_watchword.extension.verification.current_token import find_current_token

#: Characters of a User-Agent header that are stored.
_AGENT_CHARACTERS = 256


def request_source(trusted_proxies: int) -> Source:
    """Return the source of the current request for the audit log; an empty one without a request.

    Args:
        trusted_proxies: the number of proxies whose ``X-Forwarded-For`` counts.
    """
    if not has_request_context():
        return Source()
    agent = request.user_agent.string[:_AGENT_CHARACTERS]
    return Source(_session(), request_address(trusted_proxies), agent)


def request_address(trusted_proxies: int) -> str:
    """Return the IP address of the client of the current request; empty where there is none.

    Args:
        trusted_proxies: the number of proxies whose ``X-Forwarded-For`` counts.
    """
    forwarded = ",".join(request.headers.getlist("X-Forwarded-For"))
    return client_address(request.remote_addr, forwarded, trusted_proxies)


def _session() -> str:
    token = find_current_token()
    return "" if token is None else str(token.private_copy.claims.get("sid") or "")
