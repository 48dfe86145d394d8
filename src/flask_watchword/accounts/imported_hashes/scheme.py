"""A password hash scheme of other software."""

import re
from collections.abc import Callable
from dataclasses import dataclass

#: Tells whether a hash matches a password, given in UTF-8.
Verifier = Callable[[bytes], bool]


class UnusableHash(ValueError):
    """A stored hash that cannot be verified here; the message says why."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """One hash scheme.

    Attributes:
        name: its name in messages.
        prefix: the prefix of every hash.
        pattern: the format of a complete hash.
        read: returns the verifier for a match of the pattern; raises :class:`UnusableHash` if the
            hash is malformed or out of bounds.
    """

    name: str
    prefix: str
    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], Verifier]
