"""Rows: the cost of a protected request without one of the extension's shortcuts.

All contestants perform the same checks. A shortcut that saves nothing should be removed.
"""

from collections.abc import Iterator

from flask import Flask

from bench import apps
from bench.contest import BARE, Paces, Question
from bench.contestants import bearers, requests_to
from bench.extension import WATCHWORD, extension
from bench.keys import Keys, keys_for
from bench.results import Row, compare
from bench.timing import Pace, interleave
from bench.tokens import Supply, fresh_tokens, one_token
from flask_watchword.extension.state import state_of
from flask_watchword.jose import Decoder, VerifiedToken
from flask_watchword.jose.cache import TokenCache

SECTION = "A protected request without one of the shortcuts, over the same route unprotected"


def questions(paces: Paces) -> Iterator[Question]:
    """Return a row for tokens that are verified, and one for tokens that are cached."""
    keys = keys_for("HS256")
    yield _question("HS256, token never seen", keys, fresh_tokens(keys), paces.informing)
    yield _question("HS256, token seen before", keys, one_token(keys), paces.informing)


def _question(label: str, keys: Keys, supply: Supply, pace: Pace) -> Question:
    def answer() -> Row:
        contestants = {
            BARE: apps.bare(),
            WATCHWORD: apps.protected(extension(WATCHWORD), keys),
            "without the inlined steps of verify": _found_by_location(keys),
            "without the decoder's fast path": _decoded_carefully(keys),
            "without the cache": _never_cached(keys),
        }
        samples = interleave(requests_to(contestants, bearers(supply, pace), pace, 200), pace)
        return compare(samples, section=SECTION, label=label, base=BARE, judged=WATCHWORD)

    return Question(SECTION, label, answer)


def _found_by_location(keys: Keys) -> Flask:
    # A view that names its locations takes the general path, which calls a function for each step.
    return apps.protected(extension(WATCHWORD), keys, locations="headers")


def _decoded_carefully(keys: Keys) -> Flask:
    app = apps.protected(extension(WATCHWORD), keys)
    _decoder_of(app)._verify_fast = lambda token: None  # type: ignore[method-assign]
    return app


def _never_cached(keys: Keys) -> Flask:
    app = apps.protected(extension(WATCHWORD), keys)
    decoder = _decoder_of(app)
    decoder.verified = _EmptyCache(1)
    return app


class _EmptyCache(TokenCache[object, VerifiedToken]):
    """A cache that stores nothing."""

    def put(self, key: object, value: VerifiedToken) -> None:
        """Discard a value."""


def _decoder_of(app: Flask) -> Decoder:
    with app.app_context():
        return state_of(app).snapshot_for_request(app).decoding.default_decoder
