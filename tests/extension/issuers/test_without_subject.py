"""Tokens without a subject, from an issuer for which they are accepted."""

import pytest
from flask import jsonify

from flask_watchword import current_user, get_jwt_identity, jwt_required
from flask_watchword.extension.explain.token_check import check_token
from tests.extension.issuers.others import ABSENT, Other, Place, options
from tests.infra.http.elapsed import Elapsed


@pytest.fixture
def place(elapsed: Elapsed, one: Other, two: Other) -> Place:
    """An application that accepts tokens without a subject from only one of the issuers."""
    return Place(elapsed, options(one, subject_required=False) | options(two))


def test_missing_subject_is_accepted_only_from_the_configured_issuer(
    place: Place, one: Other, two: Other
) -> None:
    answer = place.get(one.token(sub=ABSENT))
    assert (answer.status_code, answer.get_json()["sub"]) == (200, None)
    # The cached token gets the same result.
    assert place.get(one.token(sub=ABSENT)).status_code == 200
    assert place.status_and_text(two.token(sub=ABSENT)) == (422, "Missing claim: sub")
    assert place.get(two.token()).status_code == 200


def test_token_with_a_subject_keeps_it(place: Place, one: Other) -> None:
    assert place.get(one.token(sub="7")).get_json()["sub"] == "7"
    assert place.status_and_text(one.token(sub=7)) == (422, "Subject must be a string")


def test_identity_is_none(place: Place, one: Other) -> None:
    view = jwt_required()(lambda: jsonify(identity=get_jwt_identity()))
    place.app.add_url_rule("/identity", "identity", view)
    token = one.token(sub=ABSENT)
    assert place.get(token, "/identity").get_json() == {"identity": None}
    assert check_token(place.app, token, refresh=False).verdict.accepted


def test_user_lookup_can_use_another_claim(place: Place, one: Other) -> None:
    place.manager.user_lookup_loader(lambda _header, claims: claims.get("client_id"))
    view = jwt_required()(lambda: jsonify(user=str(current_user)))
    place.app.add_url_rule("/user", "user", view)
    found = place.get(one.token(sub=ABSENT, client_id="batch"), "/user")
    assert found.get_json() == {"user": "batch"}
    assert place.get(one.token(sub=ABSENT), "/user").status_code == 401


def test_changing_the_option_fetches_the_keys_only_once(place: Place, one: Other) -> None:
    assert place.get(one.token(sub=ABSENT)).status_code == 200
    place.app.config["JWT_ISSUERS"][one.name]["subject_required"] = True
    assert place.status_and_text(one.token(sub=ABSENT)) == (422, "Missing claim: sub")
    assert one.fetches == 1


def test_own_tokens_still_need_a_subject(place: Place) -> None:
    place.app.config["JWT_IDENTITY_CLAIM"] = "user"
    token = place.own_token()
    place.app.config["JWT_IDENTITY_CLAIM"] = "sub"
    assert place.status_and_text(token) == (422, "Missing claim: sub")
