"""Spaces, quotes, NUL characters and long passwords are handled as by the original system."""

import bcrypt
import pytest

from flask_watchword.accounts.imported_hashes.verification import verify_imported
from flask_watchword.accounts.passwords import HashProfile, Passwords
from tests.accounts.imported_hashes.vectors import VECTORS

LONG = "x" * 71 + "\u00e9 and more"


def hashes(system: str, password: str, kind: str = "") -> list[str]:
    found = [
        one.hash
        for one in VECTORS
        if one.system == system and one.password == password and kind in (one.kind, "")
    ]
    assert found
    return found


@pytest.mark.parametrize("system", ["django", "passlib"])
def test_only_bcrypt_ignores_everything_after_72_bytes(system: str) -> None:
    for stored in hashes(system, LONG, "bcrypt"):
        assert verify_imported(stored, LONG + "!")
        assert not verify_imported(stored, "x" * 70)


def test_bcrypt_of_a_hash_ignores_nothing() -> None:
    kept = hashes("django", LONG, "bcrypt_sha256")
    kept += [one for one in hashes("wordpress", LONG) if one.startswith("$wp$")]
    for stored in kept:
        assert not verify_imported(stored, LONG + "!")


def test_nul_character_is_part_of_the_password() -> None:
    for stored in hashes("django", "nul\0inside") + hashes("werkzeug", "nul\0inside"):
        passwords = Passwords(HashProfile(8, 1, 1))
        assert passwords.verify(stored, "nul\0inside")
        assert not passwords.verify(stored, "nul")
        assert not passwords.verify(stored, "nul\0")


def test_bcrypt_hash_of_the_part_before_a_nul_does_not_match_the_whole() -> None:
    stored = bcrypt.hashpw(b"abc", bcrypt.gensalt(4)).decode()
    assert not verify_imported(stored, "abc\0def")


def test_only_wordpress_trims_passwords() -> None:
    for stored in hashes("wordpress", " spaces "):
        assert verify_imported(stored, "spaces")
        assert verify_imported(stored, "\t spaces\r\n")
    for stored in hashes("werkzeug", " spaces ") + hashes("django", " spaces ", "scrypt"):
        assert not verify_imported(stored, "spaces")


def test_wordpress_matches_quotes_entered_in_forms_and_elsewhere() -> None:
    typed = 'it\'s "quoted" \\ twice'
    made = hashes("wordpress", typed)
    assert len(made) == 4  # two from a form, two from a function
    for stored in made:
        assert verify_imported(stored, typed)
        assert not verify_imported(stored, typed.replace("'", ""))


@pytest.mark.parametrize("system", ["django", "passlib"])
def test_argon2_matches_an_accent_as_it_was_typed(system: str) -> None:
    # The service's own argon2id hashes use the NFC form only.
    passwords = Passwords(HashProfile(8, 1, 1))
    for stored in hashes(system, "cafe\u0301", "argon2"):
        assert passwords.verify(stored, "cafe\u0301")
        assert not passwords.verify(stored, "cafe")
