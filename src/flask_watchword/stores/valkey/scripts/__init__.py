"""The Lua scripts: each is one step that nothing else can come between."""

import hashlib
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

from flask_watchword.sessions.session import Session

#: The fields of a stored session, in the order in which scripts return them.
SESSION_FIELDS = tuple(field.name for field in fields(Session))

# Alone on the hot path, and with keys of its own.
_WITHOUT_LOG = {"rotate"}

# What counts tries knows nothing of sessions.
_ALONE = {"take", "give_back", "remember"}


@dataclass(frozen=True, slots=True)
class Script:
    """A script as the server takes it.

    Attributes:
        text: the source.
        digest: the name under which the server keeps what it has seen once.
    """

    text: str
    digest: str


@cache
def script(name: str) -> Script:
    """Return the script ``<name>.lua`` with what it needs of the others in front."""
    text = _source(name) if name in _ALONE else _with_sessions(name)
    # What names a script by this digest is the server's protocol; nothing secret hangs on it.
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def _with_sessions(name: str) -> str:
    names = ", ".join(f"'{field}'" for field in SESSION_FIELDS)
    parts = ["session", name] if name in _WITHOUT_LOG else ["session", "log", name]
    return "\n".join([f"local FIELDS = {{{names}}}\n", *map(_source, parts)])


def _source(name: str) -> str:
    return (files(__name__) / f"{name}.lua").read_text(encoding="utf-8")
