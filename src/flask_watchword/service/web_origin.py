"""Origins, as browsers write them."""

from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """Return the origin of a URL as browsers write it (RFC 6454 section 6.2)."""
    parts = urlsplit(url)
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    has_own_port = parts.port not in (None, _DEFAULT_PORTS[scheme])
    return f"{scheme}://{host}:{parts.port}" if has_own_port else f"{scheme}://{host}"
