"""The benchmark's report of rates, of which more is better."""

import pytest

from bench import report
from bench.results import RATE, Row, Spread, Target, compare


def rates(ours: float, least: float = 0.7) -> Row:
    return compare(
        {"by hand": [1000.0, 1000.0, 1000.0], "Watchword": [ours, ours, ours]},
        section="Refreshes",
        label="SQLite",
        base="by hand",
        judged="Watchword",
        target=Target(least, at_least=True),
        unit=RATE,
    )


@pytest.mark.parametrize(("ours", "met"), [(699.0, False), (700.0, True), (2000.0, True)])
def test_rate_meets_its_target_from_the_limit_on(ours: float, met: bool) -> None:
    assert rates(ours).verdict is met


@pytest.mark.parametrize(("cost", "met"), [(1.2, True), (1.21, False)])
def test_cost_meets_its_target_up_to_the_limit(cost: float, met: bool) -> None:
    spread = Spread(cost, cost, cost)
    row = Row("s", "l", "µs", "base", {"x": spread}, {"x": spread}, "x", Target(1.2))
    assert row.verdict is met


def test_rates_and_their_minimum_are_in_the_table_and_missed_targets_are_reported() -> None:
    text = report.as_text([rates(650.0)])
    assert "650/s  0.65×" in text
    assert "≥ 0.70×" in text
    assert "MISSED" in text
    assert "missed: Refreshes: SQLite" in text
