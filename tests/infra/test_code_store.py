"""The contract of a code store, tested with every implementation."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from flask_watchword.accounts.one_time_codes import (
    CodeStore,
    OneTimeCode,
    code_digest,
)
from flask_watchword.accounts.one_time_codes import new_code as make_code
from flask_watchword.accounts.users import new_user
from flask_watchword.infra.sql.codes import SqlCodeStore
from flask_watchword.service.features.bootstrap_admin.flow import SETUP
from flask_watchword.service.features.email_change.flow import CHANGE_EMAIL
from flask_watchword.service.features.email_verification.flow import VERIFY_EMAIL
from flask_watchword.service.features.password_reset.flow import (
    ADMIN_RESET,
    RESET_PASSWORD,
    SET_PASSWORD,
)
from tests.memory_stores.codes import MemoryCodeStore

NOW = 1_700_000_000.0
ADA = new_user("ada@example.com", "hash", NOW)
BOB = new_user("bob@example.com", "hash", NOW)
RESET, VERIFY = RESET_PASSWORD.name, VERIFY_EMAIL.name
PURPOSES = [
    purpose.name
    for purpose in (
        VERIFY_EMAIL,
        RESET_PASSWORD,
        ADMIN_RESET,
        SET_PASSWORD,
        CHANGE_EMAIL,
        SETUP,
    )
]


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.server)])
def codes(request: pytest.FixtureRequest) -> CodeStore:
    if request.param == "memory":
        return MemoryCodeStore()
    engine = {"sqlite": "engine", "postgres": "postgres_engine"}[request.param]
    return SqlCodeStore(request.getfixturevalue(engine))


def a_code(subject: str = ADA.id, purpose: str = RESET, **values: object) -> OneTimeCode:
    code = OneTimeCode(code_digest(f"{subject} {purpose}"), purpose, subject, 1, "a@b.c", NOW + 60)
    return replace(code, **values)  # type: ignore[arg-type]


def test_code_is_returned_unchanged_and_only_once(codes: CodeStore) -> None:
    code = a_code(version=7, address="\u00e9@b.c", expires_at=NOW + 0.25)
    codes.put(code)
    assert codes.find(code.digest, RESET, NOW) == code
    assert codes.take(code.digest, RESET, NOW) == code
    assert codes.take(code.digest, RESET, NOW) is None
    assert codes.find(code.digest, RESET, NOW) is None


@pytest.mark.parametrize(
    ("now", "is_good"), [(NOW + 59, True), (NOW + 60, False), (NOW + 61, False)]
)
def test_code_expires_exactly_at_its_end(codes: CodeStore, now: float, is_good: bool) -> None:
    codes.put(a_code())
    assert (codes.find(a_code().digest, RESET, now) is not None) == is_good
    assert (codes.take(a_code().digest, RESET, now) is not None) == is_good


def test_code_of_another_purpose_is_not_found_and_kept(codes: CodeStore) -> None:
    codes.put(a_code())
    assert codes.find(a_code().digest, VERIFY, NOW) is None
    assert codes.take(a_code().digest, VERIFY, NOW) is None
    assert codes.take(a_code().digest, RESET, NOW) is not None


@pytest.mark.parametrize("digest", ["", "\0", "\ud800", "' OR 1=1 --", "%"])
def test_hostile_text_finds_no_code(codes: CodeStore, digest: str) -> None:
    codes.put(a_code())
    assert codes.find(digest, RESET, NOW) is None
    assert codes.take(digest, RESET, NOW) is None


def test_newer_code_replaces_the_older_of_its_purpose(codes: CodeStore) -> None:
    others = [a_code(purpose=VERIFY), a_code(BOB.id)]
    newer = a_code(digest=code_digest("newer"), version=2, address="new@b.c", expires_at=NOW + 90)
    for code in (a_code(), *others, newer):
        codes.put(code)
    assert codes.take(a_code().digest, RESET, NOW) is None
    assert codes.take(newer.digest, RESET, NOW) == newer
    assert [codes.take(other.digest, other.purpose, NOW) for other in others] == others


def test_subject_has_at_most_one_code_per_purpose(codes: CodeStore) -> None:
    for n in range(50):
        for purpose in PURPOSES:
            codes.put(a_code(purpose=purpose, digest=code_digest(f"{purpose} {n}")))
    assert codes.purge(NOW + 60, 1000) == len(PURPOSES)


def test_codes_of_a_subject_are_deleted(codes: CodeStore) -> None:
    for code in (a_code(), a_code(purpose=VERIFY), a_code(BOB.id)):
        codes.put(code)
    codes.forget(ADA.id)
    assert codes.find(a_code().digest, RESET, NOW) is None
    assert codes.find(a_code(purpose=VERIFY).digest, VERIFY, NOW) is None
    assert codes.find(a_code(BOB.id).digest, RESET, NOW) is not None


def test_expired_codes_are_purged_a_limited_number_at_a_time(codes: CodeStore) -> None:
    for n in range(5):
        codes.put(a_code(f"user {n}", expires_at=NOW + n))
    assert codes.purge(NOW + 3, 3) == 3
    assert codes.purge(NOW + 3, 3) == 1
    assert codes.purge(NOW + 3, 3) == 0
    assert codes.find(a_code("user 4").digest, RESET, NOW) is not None


def test_one_of_a_thousand_concurrent_redemptions_gets_the_code(codes: CodeStore) -> None:
    codes.put(a_code())
    together = Barrier(8)

    def redeem(_: int) -> int:
        together.wait(60)
        return sum(codes.take(a_code().digest, RESET, NOW) is not None for _ in range(125))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(redeem, range(8))) == 1


def test_one_of_many_codes_stored_concurrently_remains(codes: CodeStore) -> None:
    digests = [code_digest(str(n)) for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda digest: codes.put(a_code(digest=digest)), digests))
    assert sum(codes.take(digest, RESET, NOW) is not None for digest in digests) == 1


def test_first_code_is_kept_while_it_is_valid(codes: CodeStore) -> None:
    first, second = a_code(digest=code_digest("first")), a_code(digest=code_digest("second"))
    assert codes.put_first(first, NOW)
    assert not codes.put_first(second, NOW)
    assert not codes.put_first(replace(second, expires_at=NOW + 999), NOW + 59.9)
    assert codes.find(second.digest, RESET, NOW) is None
    assert codes.put_first(a_code(BOB.id), NOW)
    assert codes.put_first(replace(second, expires_at=NOW + 999), NOW + 60)
    assert codes.find(first.digest, RESET, NOW) is None
    assert codes.take(second.digest, RESET, NOW + 61) is not None
    assert codes.put_first(first, NOW)


def test_one_of_many_first_codes_stored_concurrently_is_kept(codes: CodeStore) -> None:
    offered = [a_code(digest=code_digest(str(n))) for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(lambda code: codes.put_first(code, NOW), offered))
    assert sum(kept) == 1
    assert codes.find(offered[kept.index(True)].digest, RESET, NOW) is not None


def test_code_has_256_random_bits_and_the_store_keeps_a_hash() -> None:
    made = [make_code(ADA, RESET_PASSWORD, ADA.email, NOW) for _ in range(100)]
    texts = {text for text, _ in made}
    assert len(texts) == 100
    assert {len(text) for text in texts} == {43}
    for text, code in made:
        assert code.digest == code_digest(text)
        assert text not in repr(code)
