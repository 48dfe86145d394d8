"""A kind of hash that other software writes."""

import re
from collections.abc import Callable
from dataclasses import dataclass

#: Tells whether a hash was made of a password, given as the bytes of its UTF-8.
Verifier = Callable[[bytes], bool]


class UnusableHash(ValueError):
    """A stored hash that cannot be verified here; the message says why."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """One kind of hash.

    Attributes:
        name: what the kind is called in messages.
        prefix: what every hash of the kind begins with.
        pattern: the form of a whole hash.
        read: returns what verifies passwords against a hash that matches the pattern; raises
            :class:`UnusableHash` for one that is malformed or exceeds a bound.
    """

    name: str
    prefix: str
    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], Verifier]
