"""The values on the pages about sessions are those of the code."""

from flask_watchword.ip_networks import NETWORK_BITS
from flask_watchword.service.features.sessions.repeated_refreshes import NOTIFY_AFTER
from flask_watchword.sessions.session import Lifetimes
from tests.docs.pages import DOCS, text_of

TEXT = " ".join(text_of(DOCS / "explanation" / "sessions.md").split())
ACCOUNTS = text_of(DOCS / "service" / "accounts.md")


def test_listed_times_are_as_coarse_as_documented() -> None:
    lives = Lifetimes(idle=604_800.0, grace=10.0)
    assert "only after twice the grace period, a minute at least" in TEXT
    assert lives.concealed == 60.0
    assert Lifetimes(grace=100.0).concealed == 200.0
    assert "rounded down to the hour (to a quarter of `WATCHWORD_SESSION_IDLE`" in TEXT
    assert lives.shown_interval == 3_600.0
    assert Lifetimes(idle=7_200.0).shown_interval == 1_800.0
    assert "ten times the grace period" in TEXT
    assert Lifetimes(grace=1_000.0).shown_interval == 10_000.0


def test_network_size_and_number_of_repeats_are_those_of_the_code() -> None:
    assert f"another /{NETWORK_BITS[4]} of IPv4, another /{NETWORK_BITS[6]} of IPv6" in TEXT
    assert NOTIFY_AFTER == 3
    assert "at the third generation in a row" in TEXT
    assert "three refreshes in a row" in ACCOUNTS
