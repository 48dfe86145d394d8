"""The Lua scripts: each is one step that nothing else can come between."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

from flask_watchword.sessions.session import Session

#: The fields of a stored session, in the order in which scripts return them.
SESSION_FIELDS = tuple(field.name for field in fields(Session))

# Alone on the hot path, and with keys of their own.
_WITHOUT_LOG = {"rotate", "record_repeat"}

# What counts tries knows nothing of sessions.
_ALONE = {"take", "give_back", "remember"}

#: What must not be done once nobody waits for the answer; the last argument is the deadline.
IN_TIME = frozenset({"rotate", "start", "take"})


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
    text = "\n".join(_parts(name))
    # What names a script by this digest is the server's protocol; nothing secret hangs on it.
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def _parts(name: str) -> Iterator[str]:
    yield _source("clock")
    if name in IN_TIME:
        yield _source("in_time")
    if name not in _ALONE:
        names = ", ".join(f"'{field}'" for field in SESSION_FIELDS)
        yield f"local FIELDS = {{{names}}}\n"
        yield _source("session")
        if name not in _WITHOUT_LOG:
            yield _source("log")
    yield _source(name)


def _source(name: str) -> str:
    return (files(__name__) / f"{name}.lua").read_text(encoding="utf-8")
