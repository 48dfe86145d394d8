"""The index of revocations, asked with the claims of tokens as applications make them."""

import pytest

from flask_watchword.sessions.revocation import Revocation, RevocationIndex, RevocationKind

NOW = 1_700_000_000.0


@pytest.mark.parametrize(("subject", "revoked"), [("7", True), (7, True), ("8", False), (8, False)])
def test_a_subject_that_is_a_number_is_found_as_its_text(subject: object, revoked: bool) -> None:
    index = RevocationIndex()
    index.add([Revocation(RevocationKind.SUBJECT, "7", NOW, NOW + 900)])
    assert index.revokes({"sub": subject, "iat": NOW}) is revoked


def test_the_subject_is_read_from_the_claim_that_holds_it() -> None:
    index = RevocationIndex("identity")
    index.add([Revocation(RevocationKind.SUBJECT, "ada", NOW, NOW + 900)])
    assert index.revokes({"identity": "ada", "iat": NOW})
    assert not index.revokes({"sub": "ada", "iat": NOW})
