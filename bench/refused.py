"""Rows: a request that is rejected."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flask import Flask

from bench import apps
from bench.contest import Paces, Question, of_both
from bench.contestants import bearers, requests_to
from bench.extension import FJE, WATCHWORD, Extension
from bench.keys import Keys, keys_for
from bench.results import Row, Target, compare
from bench.timing import Pace, interleave
from bench.tokens import Supply, fresh_tokens, same_text, wrongly_signed_tokens

SECTION = "A refused request, beside Flask-JWT-Extended's"

_NO_DEARER = Target(1.0)


@dataclass(frozen=True)
class Refusal:
    """The token that is sent (`None` for no header), and the expected status."""

    label: str
    sent: Supply | None
    status: int
    build: Callable[[Extension, Keys], Flask] = apps.protected


def questions(paces: Paces) -> Iterator[Question]:
    """Return a row for each reason for rejection; each request has a different token."""
    keys = keys_for("HS256")
    refusals = (
        Refusal("no Authorization header", None, 401),
        Refusal("malformed", same_text("not-a-token"), 422),
        Refusal("expired", fresh_tokens(keys, expires_in=-60), 401),
        Refusal("wrong signature", wrongly_signed_tokens(keys), 422),
        Refusal("wrong type", fresh_tokens(keys, type_="refresh"), 422),
        Refusal("revoked", fresh_tokens(keys), 401, apps.protected_all_revoked),
    )
    for refusal in refusals:
        yield _question(refusal, keys, paces.judged)


def _question(refusal: Refusal, keys: Keys, pace: Pace) -> Question:
    return Question(SECTION, refusal.label, lambda: _answer(refusal, keys, pace))


def _answer(refusal: Refusal, keys: Keys, pace: Pace) -> Row:
    contestants = of_both(lambda package: refusal.build(package, keys))
    headers: list[str | None] = [None] * (pace.all_rounds * pace.inputs)
    if refusal.sent is not None:
        headers = bearers(refusal.sent, pace)
    samples = interleave(requests_to(contestants, headers, pace, refusal.status), pace)
    return compare(
        samples,
        section=SECTION,
        label=refusal.label,
        base=FJE,
        judged=WATCHWORD,
        target=_NO_DEARER,
    )
