"""Deliberate differences from Flask-JWT-Extended, with their reasons.

One more difference is in the headers of every 401: a WWW-Authenticate challenge.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """A request that is rejected although Flask-JWT-Extended accepts it or responds differently."""

    reason: str
    text: str
    states: tuple[str, ...]


DATES = ("exp", "nbf", "iat")

DIFFERENCES = (
    Difference(
        "a token has one spelling: base64url comes without padding (RFC 7515 section 2)",
        "Invalid ",
        ("padded", "padded-once"),
    ),
    Difference(
        "of two members with one name, another parser may use the other one (RFC 8725 section 2.6)",
        "duplicate member",
        ("header-duplicate", "payload-duplicate"),
    ),
    Difference(
        "JSON has neither NaN nor Infinity (RFC 8259 section 6); comparisons with NaN are false",
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
        "a deeply nested claim can exhaust the stack of the next parser",
        "nested too deeply",
        ("payload-deep",),
    ),
    Difference(
        "a date is a number of seconds within the range of the calendar (RFC 7519 section 2)",
        "must be an integer",
        (
            *(f"{claim}-numeric-string" for claim in DATES),
            *(f"{claim}-true" for claim in DATES),
            *(f"{claim}-false" for claim in DATES),
            *(f"{claim}-enormous" for claim in DATES),
        ),
    ),
    Difference(
        "the size of a token is limited before any work is done on it",
        "larger than 8192 bytes",
        ("payload-oversize", "long"),
    ),
    Difference(
        "a receiver has to understand b64 (RFC 7797 section 6); this one does not",
        "Unsupported critical extension",
        ("b64-true",),
    ),
)


@dataclass(frozen=True)
class Spelling:
    """A request that is accepted although Flask-JWT-Extended rejects it.

    Attributes:
        reason: the reason.
        usual: the request with the usual spelling, which gets the same response.
        states: the requests with the other spelling.
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


#: The usual spelling for each unusual one.
SPELLED: Mapping[str, Spelling] = {
    state: spelling for spelling in SPELLINGS for state in spelling.states
}
#: The difference that explains a token state or an odd request.
DELIBERATE: Mapping[str, Difference] = dict(_by_state())
