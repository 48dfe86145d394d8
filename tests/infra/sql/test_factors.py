"""Second factors on real databases: validity and single use of codes."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from sqlalchemy import Engine, text

from flask_watchword.infra.sql.engine import reading, writing
from flask_watchword.keys.encryption import Encryptor
from flask_watchword.service.features.recovery_codes.flow import (
    COUNT,
    new_recovery_codes,
    recovery_digest,
)
from flask_watchword.service.features.recovery_codes.sql import SqlRecoveryCodeStore
from flask_watchword.service.features.totp.flow import (
    Enrolment,
    UnreadableSecret,
    confirm_totp,
    matching_step,
    new_enrolment,
    otpauth_uri,
    verify_totp,
)
from flask_watchword.service.features.totp.sql import SqlTotpStore

NOW = 1_700_000_010.0  # in the middle of a step, as 30 divides 1_699_999_980
STEP = int(NOW // 30)
KEY = b"k" * 32

# RFC 6238 appendix B, SHA-1; of the eight digits there the last six.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC_CODES = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]


@pytest.fixture
def store(any_engine: Engine) -> SqlTotpStore:
    return SqlTotpStore(any_engine, Encryptor([KEY]))


@pytest.fixture
def codes(any_engine: Engine) -> SqlRecoveryCodeStore:
    return SqlRecoveryCodeStore(any_engine, Encryptor([KEY]))


def code_of(enrolment: Enrolment, step: int) -> str:
    return pyotp.HOTP(enrolment.secret).at(step)


@pytest.fixture
def ada(store: SqlTotpStore) -> Enrolment:
    """A TOTP device that was confirmed with the code of ten steps ago."""
    enrolment = new_enrolment("ada", NOW - 600)
    assert store.begin(enrolment)
    assert confirm_totp(store, "ada", code_of(enrolment, STEP - 10), NOW - 300)
    return enrolment


@pytest.mark.parametrize(("at", "code"), RFC_CODES)
def test_codes_are_those_of_the_rfc(at: int, code: str) -> None:
    assert matching_step(Enrolment("ada", RFC_SECRET, 0.0), code, at) == at // 30


@pytest.mark.parametrize(
    ("drift", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_code_is_valid_one_step_before_and_after(
    store: SqlTotpStore, ada: Enrolment, drift: int, *, accepted: bool
) -> None:
    assert verify_totp(store, "ada", code_of(ada, STEP + drift), NOW) == accepted


def test_code_is_single_use_and_invalidates_earlier_ones(
    store: SqlTotpStore, ada: Enrolment
) -> None:
    assert verify_totp(store, "ada", code_of(ada, STEP), NOW)
    assert not verify_totp(store, "ada", code_of(ada, STEP), NOW)
    assert not verify_totp(store, "ada", code_of(ada, STEP - 1), NOW)
    assert verify_totp(store, "ada", code_of(ada, STEP + 1), NOW)


def test_one_of_many_concurrent_uses_of_one_code_succeeds(
    store: SqlTotpStore, ada: Enrolment
) -> None:
    code = code_of(ada, STEP)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: verify_totp(store, "ada", code, NOW), range(40)))
    assert outcomes.count(True) == 1


def test_one_of_many_concurrent_updates_of_one_step_succeeds(
    store: SqlTotpStore, ada: Enrolment
) -> None:
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: store.use_step("ada", STEP), range(40)))
    assert outcomes.count(True) == 1


def test_confirmation_uses_up_its_code(store: SqlTotpStore) -> None:
    enrolment = new_enrolment("ada", NOW)
    store.begin(enrolment)
    assert confirm_totp(store, "ada", code_of(enrolment, STEP), NOW)
    assert not verify_totp(store, "ada", code_of(enrolment, STEP), NOW)


def test_unconfirmed_device_is_not_a_factor(store: SqlTotpStore) -> None:
    enrolment = new_enrolment("ada", NOW)
    store.begin(enrolment)
    assert not store.has_factor("ada")
    assert not verify_totp(store, "ada", code_of(enrolment, STEP), NOW)
    assert not store.use_step("ada", STEP)
    assert not confirm_totp(store, "ada", "000000", NOW) or code_of(enrolment, STEP) == "000000"
    assert confirm_totp(store, "ada", code_of(enrolment, STEP), NOW)
    assert store.has_factor("ada")


def test_confirmed_device_is_not_replaced_without_being_removed(
    store: SqlTotpStore, ada: Enrolment
) -> None:
    assert not store.begin(new_enrolment("ada", NOW))
    kept = store.get("ada")
    assert kept is not None
    assert kept.secret == ada.secret
    assert store.remove("ada")
    assert not store.remove("ada")
    assert store.begin(new_enrolment("ada", NOW))


def test_later_enrolment_is_not_confirmed_by_the_code_of_an_earlier_one(
    store: SqlTotpStore,
) -> None:
    first, second = new_enrolment("ada", NOW), new_enrolment("ada", NOW + 1)
    assert store.begin(first)
    assert store.begin(second)
    assert not store.confirm("ada", first.created_at, STEP, NOW)
    assert store.confirm("ada", second.created_at, STEP, NOW)
    assert not store.confirm("ada", second.created_at, STEP, NOW)


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "-12345", "12345\0", "1" * 10_000]
)
def test_malformed_code_is_rejected(store: SqlTotpStore, ada: Enrolment, typed: str) -> None:
    assert not verify_totp(store, "ada", typed, NOW)
    assert not verify_totp(store, "nobody", typed, NOW)
    assert not confirm_totp(store, "nobody", typed, NOW)


def test_blanks_in_a_code_are_ignored(store: SqlTotpStore, ada: Enrolment) -> None:
    code = code_of(ada, STEP)
    assert verify_totp(store, "ada", f" {code[:3]} {code[3:]} ", NOW)


def test_code_of_another_user_is_rejected(store: SqlTotpStore, ada: Enrolment) -> None:
    bob = new_enrolment("bob", NOW)
    store.begin(bob)
    assert confirm_totp(store, "bob", code_of(bob, STEP - 1), NOW)
    other = code_of(ada, STEP)
    assert not verify_totp(store, "bob", other, NOW) or other == code_of(bob, STEP)


def test_database_does_not_contain_a_plain_secret(any_engine: Engine, ada: Enrolment) -> None:
    with reading(any_engine) as connection:
        sealed = connection.execute(text("SELECT sealed_secret FROM watchword_totp")).scalar_one()
    assert ada.secret.encode() not in bytes(sealed)


def test_secret_copied_to_another_user_cannot_be_decrypted(
    any_engine: Engine, store: SqlTotpStore, ada: Enrolment
) -> None:
    with writing(any_engine) as connection:
        connection.execute(text("UPDATE watchword_totp SET user_id = 'bob'"))
    with pytest.raises(UnreadableSecret):
        verify_totp(store, "bob", code_of(ada, STEP), NOW)


def test_factor_is_still_required_without_the_master_key(
    any_engine: Engine, ada: Enrolment
) -> None:
    other = SqlTotpStore(any_engine, Encryptor([b"x" * 32]))
    assert other.has_factor("ada")
    with pytest.raises(UnreadableSecret):
        verify_totp(other, "ada", code_of(ada, STEP), NOW)


def test_secret_has_160_bits_and_is_not_in_the_repr() -> None:
    enrolments = [new_enrolment("ada", NOW) for _ in range(50)]
    assert len({e.secret for e in enrolments}) == 50
    assert {len(e.secret) for e in enrolments} == {32}
    assert enrolments[0].secret not in repr(enrolments[0])


def test_uri_is_readable_by_authenticator_apps() -> None:
    enrolment = Enrolment("ada", RFC_SECRET, 0.0)
    uri = otpauth_uri(enrolment, "ada+a&b=c@example.com", "Exa:mple & Co")
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parse_qs(parts.query) == {"secret": [RFC_SECRET], "issuer": ["Exa mple & Co"]}
    assert parts.path == "/Exa%20mple%20%26%20Co:ada%2Ba%26b%3Dc%40example.com"
    assert pyotp.parse_uri(uri).secret == RFC_SECRET


def test_ten_codes_each_work_once(codes: SqlRecoveryCodeStore) -> None:
    shown = new_recovery_codes()
    codes.replace("ada", [recovery_digest("ada", code) for code in shown])
    assert len(set(shown)) == COUNT == codes.left("ada")
    for n, code in enumerate(shown):
        assert codes.use("ada", recovery_digest("ada", code))
        assert not codes.use("ada", recovery_digest("ada", code))
        assert codes.left("ada") == COUNT - n - 1


def test_one_of_many_concurrent_uses_of_one_recovery_code_succeeds(
    codes: SqlRecoveryCodeStore,
) -> None:
    digest = recovery_digest("ada", "0000-0000-0000-0000")
    codes.replace("ada", [digest])
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: codes.use("ada", digest), range(40)))
    assert outcomes.count(True) == 1


def test_new_codes_invalidate_earlier_ones(codes: SqlRecoveryCodeStore) -> None:
    old, new = recovery_digest("ada", "old"), recovery_digest("ada", "new")
    codes.replace("ada", [old])
    codes.replace("bob", [old])
    codes.replace("ada", [new])
    assert not codes.use("ada", old)
    assert codes.use("ada", new)
    assert codes.left("bob") == 1
    codes.replace("bob", [])
    assert codes.left("bob") == 0


def test_code_is_found_in_any_spelling_and_only_for_its_user() -> None:
    digest = recovery_digest("ada", "01ab-cdef-ghjk-mnpq")
    assert recovery_digest("ada", " O1AB CDEF-GHJKMNPQ ") == digest
    assert recovery_digest("ada", "olab-cdef-ghjk-mnpq") == digest
    assert recovery_digest("ada", "iiab-cdef-ghjk-mnpq") != digest
    assert recovery_digest("bob", "01ab-cdef-ghjk-mnpq") != digest
    assert len(recovery_digest("ada", "\ud800\0")) == 64


def test_code_has_80_random_bits_in_unambiguous_characters() -> None:
    characters = {letter for code in new_recovery_codes() * 20 for letter in code}
    assert not characters & set("ilou")
    assert {len(code.replace("-", "")) for code in new_recovery_codes()} == {16}
