"""Opening the session store that an option names, without importing any of the others."""

from flask_watchword.sessions.store import SessionStore
from flask_watchword.stores.memory_sessions import MemorySessionStore


class UnknownStore(ValueError):
    """An option that names no session store."""


def open_session_store(target: object) -> SessionStore:
    """Return the session store that ``target`` names.

    Args:
        target: ``memory://``, or a store.

    Raises:
        UnknownStore: when it names none.
    """
    if isinstance(target, str):
        return _by_url(target)
    if hasattr(target, "rotate") and hasattr(target, "find_revocations"):
        store: SessionStore = target
        return store
    raise UnknownStore(f"a {type(target).__name__} is no session store")


def _by_url(url: str) -> SessionStore:
    # The URL itself stays out of the message: it may hold a password.
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise UnknownStore("a session store is named by a URL like memory://")
    if scheme == "memory":
        return MemorySessionStore()
    raise UnknownStore(f"no session store is known for {scheme}://")
