"""Record the computed argon2 hashes."""

import pytest
from argon2 import Parameters

from flask_watchword.accounts import argon2_hashes


def recording_hashes(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return a list to which the salt of each hash computed from now on is added."""
    salts: list[bytes] = []
    derive = argon2_hashes.derive

    def noting(parameters: Parameters, salt: bytes, password: bytes) -> bytes:
        salts.append(salt)
        return derive(parameters, salt, password)

    monkeypatch.setattr(argon2_hashes, "derive", noting)
    return salts
