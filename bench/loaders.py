"""Row: the additional cost of reading the identity, checking the blocklist and loading the user."""

from collections.abc import Iterator

from bench import apps
from bench.contest import BARE, Paces, Question, of_both
from bench.contestants import bearers, requests_to
from bench.extension import FJE, WATCHWORD
from bench.keys import keys_for
from bench.results import Row, Spread, Target
from bench.timing import Pace, Samples, interleave
from bench.tokens import one_token

SECTION = "What get_jwt_identity(), blocklist and user loader add, beyond the loaders' own work"

_ALONE = "the loaders alone"
_LOADED = "{} with loaders"


def questions(paces: Paces) -> Iterator[Question]:
    """Return the single row."""
    yield Question(SECTION, "HS256, token seen before", lambda: _answer(paces.judged))


def _answer(pace: Pace) -> Row:
    keys = keys_for("HS256")
    contestants = {BARE: apps.bare(), _ALONE: apps.bare_calling_the_loaders()}
    contestants |= of_both(lambda package: apps.protected(package, keys))
    loaded = of_both(lambda package: apps.protected_with_loaders(package, keys))
    contestants |= {_LOADED.format(name): app for name, app in loaded.items()}
    headers = bearers(one_token(keys), pace)
    samples = interleave(requests_to(contestants, headers, pace, 200), pace)
    added = {name: _added(samples, name) for name in (FJE, WATCHWORD)}
    bare = samples[BARE]
    return Row(
        section=SECTION,
        label="HS256, token seen before",
        unit="µs",
        base=BARE,
        costs={name: Spread.of(values) for name, values in {BARE: bare, **added}.items()},
        ratios={
            name: Spread.of([value / whole for value, whole in zip(values, bare, strict=True)])
            for name, values in added.items()
        },
        judged=WATCHWORD,
        target=Target(0.05),
    )


def _added(samples: Samples, name: str) -> list[float]:
    """Return the time that the loaders add to a protected route, minus the time for a bare one."""
    rounds = zip(
        samples[_LOADED.format(name)], samples[name], samples[_ALONE], samples[BARE], strict=True
    )
    return [(loaded - plain) - (alone - bare) for loaded, plain, alone, bare in rounds]
