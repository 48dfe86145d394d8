"""Rows: the cost of verification with several keys, of which a newer one signs."""

from collections.abc import Iterator

from flask import Flask

from bench import apps
from bench.contest import Paces, Question
from bench.contestants import bearers, requests_to
from bench.extension import WATCHWORD, extension
from bench.keys import Keys, new_pair
from bench.results import Row, compare
from bench.timing import Pace, interleave

SECTION = "A protected request with a keyring of 4 keys, rotated, over one with one key"
ONE_KEY = "one key"
_ALGORITHM = "EdDSA"


def questions(paces: Paces) -> Iterator[Question]:
    """Return the rows: tokens of the oldest key, all different and one repeated."""
    yield _rotated("never seen", paces.informing, different=True)
    yield _rotated("seen before", paces.informing, different=False)


def _rotated(when: str, pace: Pace, *, different: bool) -> Question:
    label = f"{_ALGORITHM}, token {when}"

    def answer() -> Row:
        oldest, *newer = (new_pair(_ALGORITHM) for _ in range(4))
        one, ring = _application(oldest), _application(*reversed(newer), oldest)
        count = pace.all_rounds * pace.inputs
        with one.app_context():
            create = extension(WATCHWORD).create_access_token
            tokens = [create("u") for _ in range(count)] if different else [create("u")] * count
        headers = bearers(lambda _: tokens, pace)
        contestants = {ONE_KEY: one, WATCHWORD: ring}
        samples = interleave(requests_to(contestants, headers, pace, 200), pace)
        return compare(samples, section=SECTION, label=label, base=ONE_KEY, judged=WATCHWORD)

    return Question(SECTION, label, answer)


def _application(own: Keys, *older: Keys) -> Flask:
    app = apps.protected(extension(WATCHWORD), own)
    app.config["JWT_PUBLIC_KEYS"] = [keys.settings["JWT_PUBLIC_KEY"] for keys in older]
    return app
