"""Rows: creating a token."""

from collections.abc import Callable, Iterator

from bench import apps
from bench.contest import Paces, Question
from bench.contestants import calls_in_context
from bench.extension import FJE, WATCHWORD, Extension, extension
from bench.keys import keys_for
from bench.results import Measure, Row, Target, compare
from bench.timing import Contestant, Pace, interleave
from bench.tokens import IDENTITY

SECTION = "Creating a token, beside Flask-JWT-Extended"

Create = Callable[[str], str]


def questions(paces: Paces) -> Iterator[Question]:
    """Return the rows; the target is in microseconds, unlike those of the other tables."""
    limit = Target(12.0, Measure.COST)
    yield _question("create_access_token, HS256", "HS256", _access, paces.judged, limit)
    yield _question("create_refresh_token, HS256", "HS256", _refresh, paces.judged)
    yield _question("create_access_token, RS256", "RS256", _access, paces.slow)


def _access(package: Extension) -> Create:
    return package.create_access_token


def _refresh(package: Extension) -> Create:
    return package.create_refresh_token


def _question(
    label: str,
    algorithm: str,
    choose: Callable[[Extension], Create],
    pace: Pace,
    target: Target | None = None,
) -> Question:
    def contestant(name: str) -> Contestant:
        package = extension(name)
        app = apps.unprotected(package, keys_for(algorithm))
        return calls_in_context(name, app, choose(package), IDENTITY, pace)

    def answer() -> Row:
        samples = interleave([contestant(FJE), contestant(WATCHWORD)], pace)
        return compare(
            samples, section=SECTION, label=label, base=FJE, judged=WATCHWORD, target=target
        )

    return Question(SECTION, label, answer)
