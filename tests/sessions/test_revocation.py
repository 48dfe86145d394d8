"""The index of revocations, queried with the claims of tokens as applications create them."""

import pytest

from flask_watchword.sessions.expiring_set import MOST_RECENT
from flask_watchword.sessions.revocation import Revocation, RevocationIndex, RevocationKind

NOW = 1_700_000_000.0


@pytest.mark.parametrize(("subject", "revoked"), [("7", True), (7, True), ("8", False), (8, False)])
def test_numeric_subject_is_found_as_its_text(subject: object, revoked: bool) -> None:
    index = RevocationIndex()
    index.add([Revocation(RevocationKind.SUBJECT, "7", NOW, NOW + 900)])
    assert index.revokes({"sub": subject, "iat": NOW}) is revoked


def test_subject_is_read_from_the_configured_claim() -> None:
    index = RevocationIndex("identity")
    index.add([Revocation(RevocationKind.SUBJECT, "ada", NOW, NOW + 900)])
    assert index.revokes({"identity": "ada", "iat": NOW})
    assert not index.revokes({"sub": "ada", "iat": NOW})


MANY = MOST_RECENT + 1


def index_of_many(kind: RevocationKind) -> RevocationIndex:
    index = RevocationIndex()
    index.load(kind, [(f"id {number}", NOW + 900) for number in range(MANY)])
    assert len(index) == 0
    index.loaded(NOW)
    return index


def test_each_of_very_many_sessions_is_revoked() -> None:
    index = index_of_many(RevocationKind.SESSION)
    assert len(index) == MANY
    assert all(index.revokes({"sid": f"id {number}"}) for number in range(MANY))
    assert not any(index.revokes({"sid": f"other {number}"}) for number in range(MANY))
    assert index.ends_session_of({"sid": "id 1"})
    assert not index.ends_session_of({"jti": "id 1"})
    assert not index.revokes({"jti": "id 1", "sub": "id 1"})


def test_each_of_very_many_tokens_is_revoked() -> None:
    index = index_of_many(RevocationKind.TOKEN)
    assert all(index.revokes({"jti": f"id {number}"}) for number in range(MANY))
    assert index.revokes({"sid": "a session", "jti": "id 1"})
    assert not index.revokes({"sid": "id 1", "jti": "other"})
    assert not index.revokes({"jti": ["id 1"]})


def test_revocation_beside_very_many_applies_before_and_after_it_moves() -> None:
    index = index_of_many(RevocationKind.SESSION)
    later = [Revocation(RevocationKind.SESSION, f"later {n}", NOW, NOW + 900) for n in range(MANY)]
    index.add(later)
    assert index.revokes({"sid": "later 0"})
    for _ in index.compaction(NOW):
        assert index.revokes({"sid": "later 0"})
        assert index.revokes({"sid": f"later {MANY - 1}"})
    assert all(index.revokes({"sid": entry.value}) for entry in later)


@pytest.mark.parametrize("kind", [RevocationKind.SESSION, RevocationKind.TOKEN])
def test_expired_ones_of_very_many_are_deleted(kind: RevocationKind) -> None:
    index = index_of_many(kind)
    for _ in index.compaction(NOW + 7_200):
        pass
    assert len(index) == 0
