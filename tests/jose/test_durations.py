"""Seconds in words."""

import pytest

from flask_watchword.jose.durations import dated, distance, duration

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.9, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (192, "3 min 12 s"),
        (3_600, "1 h"),
        (3_661, "1 h 1 min"),
        (86_400 * 7 + 3_599, "7 d 59 min"),
        (-192, "3 min 12 s"),
    ],
)
def test_duration_has_its_two_largest_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (NOW - 192, "3 min 12 s ago"),
        (NOW + 192, "in 3 min 12 s"),
        (NOW, "now"),
    ],
)
def test_timestamp_is_formatted_relative_to_now(moment: float, words: str) -> None:
    assert distance(moment, NOW) == words


def test_date_is_formatted_with_its_distance_from_now() -> None:
    assert dated(NOW - 60, NOW) == "1 min ago, at 2023-11-14 22:12:20 UTC"
