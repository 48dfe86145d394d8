"""Rate limits as text."""

import pytest

from flask_watchword.accounts.rate_limit_declarations import RateLimit
from flask_watchword.accounts.rate_limit_syntax import limit_text, read_limit
from flask_watchword.accounts.rate_limits import Limit
from flask_watchword.service.features.table import FEATURES, rate_limits_of


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("10/hour", Limit(10, 360.0)),
        ("1/day", Limit(1, 86_400.0)),
        ("5/second", Limit(5, 0.2)),
        (" 20 / 30 Minutes ", Limit(20, 90.0)),
        ("50/500seconds", Limit(50, 10.0)),
        ("60/1 minute", Limit(60, 1.0)),
    ],
)
def test_limit_is_a_count_and_a_period(text: str, limit: Limit) -> None:
    assert read_limit(text) == limit


@pytest.mark.parametrize(
    "text",
    ["", "10", "10/", "/hour", "0/hour", "-1/hour", "1.5/hour", "10/0 hours", "10/fortnight",
     "10 per hour", "10/hour/day", "10/367 days", "9999999/hour", "1_0/hour", "١٠/hour"],
)  # fmt: skip
def test_other_text_is_rejected_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is not a limit") as refused:
        read_limit(text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("declared", rate_limits_of(FEATURES), ids=lambda one: one.name)
def test_formatted_limit_is_parsed_back(declared: RateLimit) -> None:
    for limit in (declared.default, declared.most):
        assert read_limit(limit_text(limit)) == limit


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("10/60 minutes", "10/hour"),
        ("1/90 second", "1/90 seconds"),
        ("2/172800 seconds", "2/2 days"),
    ],
)
def test_formatted_limit_uses_the_largest_unit_that_fits(text: str, shown: str) -> None:
    assert limit_text(read_limit(text)) == shown
