"""Rows: a request with a valid token."""

from collections.abc import Iterator

from bench import apps
from bench.contest import BARE, FLOOR, Paces, Question, of_both
from bench.contestants import bearers, requests_to
from bench.extension import WATCHWORD
from bench.keys import keys_for
from bench.results import Row, Target, compare
from bench.timing import Pace, interleave
from bench.tokens import fresh_tokens, one_token

SECTION = "A protected request, over the same route unprotected"
NEVER_SEEN, SEEN = "never seen", "seen before"
UNPROTECTED = "no protection, extension set up"
WITH_PYNACL = "EdDSA with PyNaCl"

_SEEN_TARGET = Target(1.06)


def questions(paces: Paces) -> Iterator[Question]:
    """Return the rows for a process that cannot import PyNaCl."""
    yield _unprotected(paces.judged)
    yield _protected("HS256", NEVER_SEEN, Target(1.20), paces.judged)
    yield _protected("ES256", NEVER_SEEN, Target(2.8), paces.judged)
    yield _protected("EdDSA", NEVER_SEEN, Target(3.2), paces.judged)
    yield _protected("RS256", NEVER_SEEN, None, paces.informing)
    for algorithm in ("HS256", "RS256", "ES256", "EdDSA"):
        yield _protected(algorithm, SEEN, _SEEN_TARGET, paces.judged)


def questions_with_pynacl(paces: Paces) -> Iterator[Question]:
    """Return the rows that depend on PyNaCl, for a process that can import it."""
    yield _protected("EdDSA", NEVER_SEEN, Target(2.3), paces.judged, WITH_PYNACL)
    yield _protected("EdDSA", SEEN, _SEEN_TARGET, paces.judged, WITH_PYNACL)


def is_drawn(row: Row) -> bool:
    """Return whether a row belongs in the picture: a protected request, by either extension."""
    return row.section == SECTION and row.label != UNPROTECTED


def _unprotected(pace: Pace) -> Question:
    """Measure the cost of an unused extension; the floor is a second bare application.

    How far the floor's ratio is from 1.00 shows the accuracy of the other rows.
    """

    def answer() -> Row:
        keys = keys_for("HS256")
        contestants = {BARE: apps.bare()}
        contestants |= of_both(lambda package: apps.unprotected(package, keys))
        contestants[FLOOR] = apps.bare()
        headers = bearers(one_token(keys), pace)
        samples = interleave(requests_to(contestants, headers, pace, 200), pace)
        return compare(samples, section=SECTION, label=UNPROTECTED, base=BARE, judged=WATCHWORD)

    return Question(SECTION, UNPROTECTED, answer)


def _protected(
    algorithm: str, when: str, target: Target | None, pace: Pace, name: str = ""
) -> Question:
    label = f"{name or algorithm}, token {when}"

    def answer() -> Row:
        keys = keys_for(algorithm)
        supply = fresh_tokens(keys) if when == NEVER_SEEN else one_token(keys)
        contestants = {BARE: apps.bare()}
        contestants |= of_both(lambda package: apps.protected(package, keys))
        contestants[FLOOR] = apps.floor(keys)
        samples = interleave(requests_to(contestants, bearers(supply, pace), pace, 200), pace)
        return compare(
            samples, section=SECTION, label=label, base=BARE, judged=WATCHWORD, target=target
        )

    return Question(SECTION, label, answer)
