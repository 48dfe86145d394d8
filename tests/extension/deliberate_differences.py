"""Where Watchword answers otherwise than Flask-JWT-Extended on purpose, and why.

One more difference concerns no state but a status: every 401 carries a WWW-Authenticate header.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """Something that is refused although Flask-JWT-Extended admits it or says it otherwise."""

    reason: str
    told: str
    states: tuple[str, ...]


DATES = ("exp", "nbf", "iat")

DIFFERENCES = (
    Difference(
        "a token has one spelling: base64url comes without padding (RFC 7515 section 2)",
        "Invalid ",
        ("padded", "padded-once"),
    ),
    Difference(
        "of two members of one name another parser may read the other (RFC 8725 section 2.6)",
        "duplicate member",
        ("header-duplicate", "payload-duplicate"),
    ),
    Difference(
        "JSON has neither NaN nor Infinity (RFC 8259 section 6), and NaN is later than no date",
        "is not JSON",
        (
            *(f"{claim}-{value}" for claim in DATES for value in ("NaN", "Infinity")),
            *(f"fresh-{value}" for value in ("NaN", "Infinity", "-Infinity")),
            "payload-nan",
            "header-nan",
        ),
    ),
    Difference(
        "JSON is UTF-8 without a byte order mark (RFC 8259 section 8.1)",
        "Invalid header string",
        ("header-bom",),
    ),
    Difference(
        "JSON is UTF-8 without a byte order mark, and text has no lone surrogates",
        "Invalid payload string",
        ("payload-bom", "payload-utf16", "payload-utf16-no-bom", "payload-surrogate"),
    ),
    Difference(
        "a claim that nests this deep is an attack on whatever reads it next",
        "nested too deeply",
        ("payload-deep",),
    ),
    Difference(
        "a date is a number of seconds that a calendar can hold (RFC 7519 section 2)",
        "must be an integer",
        (
            *(f"{claim}-numeric-string" for claim in DATES),
            *(f"{claim}-true" for claim in DATES),
            *(f"{claim}-false" for claim in DATES),
            *(f"{claim}-enormous" for claim in DATES),
        ),
    ),
    Difference(
        "the size of a token is bounded before any work is done on it",
        "larger than 8192 bytes",
        ("payload-oversize", "long"),
    ),
    Difference(
        "b64 has to be understood by whoever reads it (RFC 7797 section 6), and is not",
        "Unsupported critical extension",
        ("b64-true",),
    ),
)


@dataclass(frozen=True)
class Spelling:
    """Something that is admitted although Flask-JWT-Extended does not know it.

    Attributes:
        reason: why.
        usual: the odd request whose answer it gets.
        states: the odd requests that get it.
    """

    reason: str
    usual: str
    states: tuple[str, ...]


SPELLINGS = (
    Spelling(
        "an authentication scheme is compared without regard to case (RFC 9110 section 11.1)",
        "usual-scheme",
        ("lower-scheme", "upper-scheme", "mixed-scheme-second"),
    ),
)


def _by_state() -> Iterator[tuple[str, Difference]]:
    for difference in DIFFERENCES:
        for state in difference.states:
            yield state, difference


#: The usual spelling of what is spelled otherwise.
SPELLED: Mapping[str, Spelling] = {
    state: spelling for spelling in SPELLINGS for state in spelling.states
}
#: The difference that a state of a token, or an odd request, is an example of.
DELIBERATE: Mapping[str, Difference] = dict(_by_state())
