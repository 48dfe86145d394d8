"""When two requests count as the same device."""

import pytest

from flask_watchword.sessions.requester import Requester


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("192.0.2.7", "192.0.2.250", True),
        ("192.0.2.7", "192.0.3.7", False),
        ("2001:db8:1::7", "2001:db8:1:ffff::1", True),
        ("2001:db8:1::7", "2001:db8:2::7", False),
        ("::ffff:192.0.2.7", "192.0.2.9", True),
        ("0.0.0.9", "::9", False),
        ("", "", True),
        ("", "192.0.2.7", False),
        ("unix:", "unix:", True),
        ("unix:", "other", False),
    ],
)
def test_addresses_are_compared_by_network(one: str, other: str, alike: bool) -> None:
    assert Requester(one, "A").looks_like(Requester(other, "A")) is alike
    assert Requester(other, "A").looks_like(Requester(one, "A")) is alike


def test_user_agents_are_compared_exactly() -> None:
    assert not Requester("192.0.2.7", "Browser/1").looks_like(Requester("192.0.2.7", "Browser/2"))


def test_requester_without_address_and_agent() -> None:
    assert not Requester().is_known
    assert Requester("192.0.2.7").is_known
    assert Requester(agent="A").is_known
