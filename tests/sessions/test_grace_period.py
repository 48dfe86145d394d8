"""The second use of a refresh token, distinguished from a reuse."""

import pytest

from flask_watchword.sessions.refresh import is_within_grace
from flask_watchword.sessions.session import Lifetimes, new_session

NOW = 1_700_000_000.0
SESSION = new_session("ada", NOW, Lifetimes())


@pytest.mark.parametrize(("later", "repeats"), [(0, True), (10, True), (10.25, False)])
def test_grace_period_starts_with_the_first_use(later: float, repeats: bool) -> None:
    assert is_within_grace(SESSION, 0, NOW + later, 10.0) is repeats


@pytest.mark.parametrize(("earlier", "repeats"), [(2, True), (10, True), (10.25, False)])
def test_clock_set_back_does_not_extend_the_grace_period(earlier: float, repeats: bool) -> None:
    assert is_within_grace(SESSION, 0, NOW - earlier, 10.0) is repeats


@pytest.mark.parametrize(("generation", "grace"), [(1, 10.0), (2, 10.0), (-1, 10.0), (0, 0.0)])
def test_only_the_previous_generation_may_be_repeated_and_only_within_a_grace_period(
    generation: int, grace: float
) -> None:
    assert not is_within_grace(SESSION, generation, NOW, grace)
