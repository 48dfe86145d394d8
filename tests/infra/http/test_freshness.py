"""How long keys are fresh according to the server's headers."""

import pytest

from flask_watchword.infra.http.freshness import DEFAULT, LONGEST, SHORTEST, freshness


@pytest.mark.parametrize(
    ("control", "age", "seconds"),
    [
        (None, None, DEFAULT),
        ("", None, DEFAULT),
        ("public", None, DEFAULT),
        ("s-maxage=7200", None, DEFAULT),
        ("x-max-age=7200", None, DEFAULT),
        ("max-age=soon", None, DEFAULT),
        ("max-age=-7200", None, DEFAULT),
        ("max-age=7200", None, 7200),
        ("public, max-age=7200, must-revalidate", None, 7200),
        ("public,MAX-AGE=7200", None, 7200),
        ('max-age="7200"', None, 7200),
        ("max-age=7200, max-age=600", None, 600),
        ("max-age=0", None, SHORTEST),
        ("max-age=15, stale-while-revalidate=15", None, SHORTEST),
        ("max-age=299", None, SHORTEST),
        ("max-age=301", None, 301),
        ("max-age=31536000", None, LONGEST),
        ("max-age=" + "9" * 5000, None, LONGEST),
        ("no-store", None, SHORTEST),
        ("no-cache, max-age=7200", None, SHORTEST),
        ('max-age=7200, no-cache="set-cookie"', None, SHORTEST),
        ("max-age=7200", "600", 6600),
        ("max-age=7200", "9000", SHORTEST),
        ("max-age=7200", "long", 7200),
        ("max-age=7200", "²", 7200),
    ],
)
def test_max_age_is_limited(control: str | None, age: str | None, seconds: float) -> None:
    headers = {"Cache-Control": control, "Age": age}
    assert freshness(lambda name, absent: headers[name] or absent) == seconds
