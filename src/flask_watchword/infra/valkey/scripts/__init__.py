"""Lua scripts. The server executes each atomically."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

from flask_watchword.sessions.session import Session

#: Fields of a stored session, in the order in which scripts return them.
SESSION_FIELDS = tuple(field.name for field in fields(Session))

# They run often, write no log entry, and have other keys.
_WITHOUT_LOG = {"rotate", "record_repeat"}

# Rate limits use no function for sessions.
_RATE_LIMITS = {"consume", "refund", "remember"}

#: Scripts that do nothing when the client no longer waits; their last argument is the deadline.
WITH_DEADLINE = frozenset({"rotate", "start", "consume"})


@dataclass(frozen=True, slots=True)
class Script:
    """A script for the server.

    Attributes:
        text: source code.
        digest: SHA-1 digest by which the server finds a cached script.
    """

    text: str
    digest: str


@cache
def script(name: str) -> Script:
    """Return the script ``<name>.lua``, preceded by the functions that it uses."""
    text = "\n".join(_parts(name))
    # SHA-1 is prescribed by the protocol of the server; it protects no secret.
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def _parts(name: str) -> Iterator[str]:
    yield _source("clock")
    if name in WITH_DEADLINE:
        yield _source("deadline")
    if name not in _RATE_LIMITS:
        names = ", ".join(f"'{field}'" for field in SESSION_FIELDS)
        yield f"local FIELDS = {{{names}}}\n"
        yield _source("session")
        if name not in _WITHOUT_LOG:
            yield _source("log")
    yield _source(name)


def _source(name: str) -> str:
    return (files(__name__) / f"{name}.lua").read_text(encoding="utf-8")
