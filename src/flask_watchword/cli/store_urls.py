"""What kind of place a URL names, and what to call it."""

from urllib.parse import urlsplit


def is_database(url: str) -> bool:
    """Tell whether a place is a database, and not a Valkey server."""
    return url.startswith(("sqlite", "postgresql"))


def place(url: str) -> str:
    """Return what to call a store: its file, or its name and host, never its password."""
    from sqlalchemy.engine import make_url

    if not is_database(url):
        return f"Valkey on {urlsplit(url).hostname}"
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return parsed.database or ""
    name = parsed.database or "the default database"
    return f"{name} on {parsed.host}" if parsed.host else name
