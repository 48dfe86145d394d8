"""The limits on the page about accounts are those of the code."""

import re

from flask_watchword.accounts import password_policy as new_passwords
from flask_watchword.accounts import password_strength as weak_passwords
from flask_watchword.accounts import passwords
from flask_watchword.accounts.emails import check_email, email_key
from flask_watchword.accounts.imported_hashes import bcrypt_hashes, pbkdf2, scrypt, wordpress
from flask_watchword.accounts.imported_hashes.verification import SCHEMES
from flask_watchword.service.features.email_change.flow import CHANGE_EMAIL
from flask_watchword.service.features.email_verification.flow import VERIFY_EMAIL
from flask_watchword.service.features.password_reset.flow import (
    ADMIN_RESET,
    RESET_PASSWORD,
    SET_PASSWORD,
)
from tests.docs.pages import DOCS, text_of

PAGE = text_of(DOCS / "service" / "accounts.md")


def cell_after(first: str) -> str:
    found = re.search(rf"^\| {re.escape(first)} \| (?:[^|]*\| )*([^|]*) \|$", PAGE, re.MULTILINE)
    assert found is not None, first
    return found[0]


def test_addresses_are_compared_as_documented() -> None:
    assert email_key("Ada@BÜCHER.de") == email_key("ada@xn--bcher-kva.de")
    assert email_key("ada@straße.de") != email_key("ada@strasse.de")
    assert check_email(" Ada@Example.com ") == "Ada@Example.com"


def test_password_rules_are_those_of_the_code() -> None:
    assert f"{new_passwords.MIN_PASSWORD_CHARACTERS} characters" in cell_after("minimum length")
    least = new_passwords.MIN_CHARACTERS_BESIDE_SECOND_FACTOR
    assert f"{least} characters" in cell_after("minimum length with a second factor")
    assert f"{passwords.MAX_PASSWORD_CHARACTERS} characters" in cell_after("maximum length")
    profile = passwords.OWASP_PROFILE
    memory = f"{profile.memory_kib} KiB memory"
    costs = f"{memory}, time cost {profile.time_cost}, parallelism {profile.parallelism}"
    assert costs in cell_after("hash")
    looked_at = weak_passwords._PIECE * weak_passwords._PIECES
    assert f"{looked_at} characters, in pieces of {weak_passwords._PIECE}" in PAGE


def test_limits_of_imported_hashes_are_those_of_the_code() -> None:
    assert f"{bcrypt_hashes.MAX_ROUNDS} rounds" in cell_after("bcrypt")
    memory, work = scrypt.MAX_MEMORY >> 20, scrypt.MAX_WORK >> 20
    assert f"{memory} MiB, {work} MiB in all lanes" in cell_after("scrypt")
    assert f"{pbkdf2.MAX_ITERATIONS} iterations" in cell_after("PBKDF2")
    assert f"2^{wordpress.MAX_PHPASS_ROUNDS} rounds" in cell_after("phpass")
    argon2 = cell_after("argon2, all kinds")
    assert f"{passwords._MAX_MEMORY_KIB >> 10} MiB" in argon2
    assert f"{passwords._MAX_WORK_KIB >> 20} GiB" in argon2
    assert f"{passwords._MAX_PARALLELISM} lanes" in argon2


def test_every_kind_of_imported_hash_is_in_the_table() -> None:
    rows = re.findall(r"^\| [^|]+ \| ([^|]+) \| [^|]+ \|$", PAGE, re.MULTILINE)
    forms = [form for cell in rows for form in re.findall(r"`([^`]+)`", cell)]
    for scheme in SCHEMES:
        assert any(form.startswith(scheme.prefix) for form in forms), scheme.name


def test_code_lifetimes_are_those_of_the_code() -> None:
    assert VERIFY_EMAIL.lifetime == SET_PASSWORD.lifetime == 24 * 3600
    assert RESET_PASSWORD.lifetime == ADMIN_RESET.lifetime == 15 * 60
    assert CHANGE_EMAIL.lifetime == 3600
    for row, lifetime in (
        ("verifying an address", "24 hours"),
        ("an invitation", "24 hours"),
        ("a forgotten password", "15 minutes"),
        ("a reset by an admin", "15 minutes"),
        ("another address", "1 hour"),
    ):
        assert re.search(rf"^\| {row} \| {lifetime} \|", PAGE, re.MULTILINE), row
