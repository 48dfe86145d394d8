"""Classify the URL of a store, and describe it without its password."""

from urllib.parse import urlsplit


def is_database(url: str) -> bool:
    """Tell whether a URL names a database rather than a Valkey server."""
    return url.startswith(("sqlite", "postgresql"))


def store_name(url: str) -> str:
    """Return a description of a store: its file, or its name and host; never its password."""
    from sqlalchemy.engine import make_url

    if not is_database(url):
        return f"Valkey on {urlsplit(url).hostname}"
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return parsed.database or ""
    name = parsed.database or "the default database"
    return f"{name} on {parsed.host}" if parsed.host else name
