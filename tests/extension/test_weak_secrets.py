"""Guessable secrets are distinguished from random ones."""

import secrets

import pytest

from flask_watchword.extension.checks.weak_secrets import weakness


@pytest.mark.parametrize(
    "secret",
    [
        "changeme",
        "change-me" * 8,
        "Super-Secret key of this application, which is long enough",
        "your-256-bit-secret-goes-here-please",
        "my PASSWORD is long but well known to everybody",
        "django-insecure-0123456789abcdefghijklmn",
        "short but random 7Q",
        "thirty-two random bytes or more, please",
        "a" * 64,
        "abcabcabcabcabcabcabcabcabcabcabcabc",
        "k3J-9xQz" * 8,
        b"\0" * 32,
    ],
)
def test_weak_secret_is_reported_with_the_reason(secret: str | bytes) -> None:
    why = weakness(secret)
    assert why
    assert str(secret) not in why


def test_random_secret_is_accepted() -> None:
    made = [secrets.token_urlsafe(n) for n in (32, 48, 64)]
    made += [secrets.token_hex(32)]
    # About a million of these would have to be generated for one that resembles a placeholder.
    assert [weakness(secret) for secret in made] == [None] * len(made)
    assert weakness(secrets.token_bytes(32)) is None


def test_required_length_is_a_parameter() -> None:
    secret = "Zq3x-8Fw_kR7"
    assert weakness(secret, 12) is None
    assert weakness(secret, 13) == "has 12 bytes, fewer than 13"
