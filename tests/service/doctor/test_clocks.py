"""Clock differences."""

import pytest

from flask_watchword.extension.checks.results import Level
from flask_watchword.service.checks.clocks import check_clock


@pytest.mark.parametrize(
    ("ahead", "level"),
    [
        (0.2, Level.OK),
        (-1.0, Level.OK),
        (1.1, Level.WARNING),
        (-4.9, Level.WARNING),
        (5.1, Level.PROBLEM),
        (-3600.0, Level.PROBLEM),
    ],
)
def test_clock_difference_is_reported(ahead: float, level: Level) -> None:
    assert check_clock("the database", ahead).level is level


def test_report_says_which_clock_is_ahead() -> None:
    assert "2.5 s ahead of this machine's" in check_clock("Valkey", 2.5).says
    assert "2.5 s behind this machine's" in check_clock("Valkey", -2.5).says
