"""Explanations of why another issuer's token is rejected."""

import pytest

from flask_watchword.extension.explain.token_check import check_token
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.jose.explain import Outcome
from tests.extension.issuers.others import Other, Place

ONE_STEP = "form, signature and claims"


def test_token_of_another_issuer_is_checked_with_its_keys(place: Place, one: Other) -> None:
    check = check_token(place.app, one.token(), refresh=False)
    assert check.verdict.accepted
    for token in (one.token(aud="others"), one.token({"kid": "nobody's"})):
        check = check_token(place.app, token, refresh=False)
        refused = [step.name for step in check.steps if step.outcome is Outcome.REFUSED]
        assert (check.verdict.accepted, refused) == (False, [ONE_STEP])
        assert place.status_and_text(token) == (check.verdict.status, check.verdict.msg)


def test_keys_that_cannot_be_fetched_count_as_store_outage(place: Place, one: Other) -> None:
    one.break_down()
    with pytest.raises(StoreUnavailable):
        check_token(place.app, one.token(), refresh=False)
