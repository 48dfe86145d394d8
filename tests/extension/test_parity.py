"""Watchword and Flask-JWT-Extended respond to the same requests with the same bytes."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import Any

import flask_jwt_extended
import jwt
import pytest

import flask_watchword
from tests.extension.deliberate_differences import DELIBERATE, SPELLED, Difference
from tests.extension.request_table import Probe, probes
from tests.extension.scenario import Answer, Request, send
from tests.extension.variants import VARIANTS, twins
from tests.releases import before

BOTH = (flask_jwt_extended, flask_watchword)

if before("Flask-JWT-Extended", 4, 7) or before("PyJWT", 2, 14) or before("Werkzeug", 3):
    # The response of each has changed since that release.
    pytest.skip("compared with current releases alone", allow_module_level=True)

# Some variants allow HS512, for which the secret of these tests is long enough and for which PyJWT
# still warns when it checks other keys.
pytestmark = pytest.mark.filterwarnings("ignore::flask_watchword.errors.InsecureKeyLengthWarning")


def _grouped() -> dict[str, list[Probe]]:
    groups: dict[str, list[Probe]] = defaultdict(list)
    for probe in probes():
        groups[f"{probe.variant}-{probe.carrier}"].append(probe)
    return groups


GROUPS = _grouped()


def _answers(probe: Probe) -> tuple[Answer, Answer]:
    theirs, ours = twins(probe.variant)
    request = probe.request()
    return send(theirs, request), send(ours, request)


def _agree(probe: Probe, theirs: Answer, ours: Answer) -> bool:
    if (ours.status, ours.body, ours.headers) == (theirs.status, theirs.body, theirs.headers):
        return not ours.crashed
    if theirs.crashed:
        return not ours.crashed
    if probe.carrier == "odd-header" and probe.state in SPELLED:
        usual = replace(probe, state=SPELLED[probe.state].usual)
        return ours == send(twins(usual.variant)[1], usual.request())
    difference = DELIBERATE.get(probe.state)
    return difference is not None and _rejected_as_documented(ours, difference)


def _rejected_as_documented(ours: Answer, difference: Difference) -> bool:
    return 400 <= ours.status < 500 and difference.text in ours.body.decode()


def _disagreements(group: Sequence[Probe]) -> Iterator[str]:
    for probe in group:
        theirs, ours = _answers(probe)
        if not _agree(probe, theirs, ours):
            yield (
                f"{probe}: theirs {theirs.status} {theirs.body[:200]!r}, "
                f"ours {ours.status} {ours.body[:200]!r}"
            )


@pytest.mark.parametrize("group", GROUPS)
def test_same_request_gets_same_status_body_and_headers_from_both(group: str) -> None:
    assert list(_disagreements(GROUPS[group])) == []


@pytest.mark.parametrize("group", GROUPS)
def test_exactly_the_401_responses_have_a_challenge(group: str) -> None:
    for probe in GROUPS[group]:
        answer = send(twins(probe.variant)[1], probe.request())
        assert (answer.challenge is not None) == (answer.status == 401), str(probe)


@pytest.mark.parametrize("state", DELIBERATE)
def test_each_deliberate_difference_is_one(state: str) -> None:
    examples = [probe for probe in probes() if probe.state == state]
    answers = [_answers(probe) for probe in examples]
    assert any(
        theirs.body != ours.body and _rejected_as_documented(ours, DELIBERATE[state])
        for theirs, ours in answers
    )


@pytest.mark.parametrize("state", SPELLED)
def test_each_deliberate_spelling_is_accepted_only_by_watchword(state: str) -> None:
    theirs, ours = _answers(Probe("default", "odd-header", state))
    assert (theirs.status, ours.status) == (401, 200)


def _create(issuer: ModuleType, app: Any, kind: str, **arguments: Any) -> str:
    with app.app_context():
        create = getattr(issuer, f"create_{kind}_token")
        return str(create("alice", **arguments))


ISSUING_VARIANTS = (
    "default",
    "identity-claim",
    "csrf-off",
    "HS512",
    "ES256",
    "RS256",
    "PS256",
    "EdDSA",
    "users",
    "encoding-options",
)


@pytest.mark.parametrize("variant", ISSUING_VARIANTS)
@pytest.mark.parametrize("kind", ["access", "refresh"])
@pytest.mark.parametrize("issuer", BOTH, ids=lambda library: library.__name__)
def test_token_created_by_either_library_is_read_the_same_by_both(
    variant: str, kind: str, issuer: ModuleType
) -> None:
    apps = twins(variant)
    token = _create(
        issuer,
        apps[BOTH.index(issuer)],
        kind,
        additional_claims={"roles": ["a", "b"], "ratio": 0.5, "name": "Zoë"},
        additional_headers={"kid": "one"},
    )
    for path in ("/plain", "/refresh", "/any-type", "/fresh"):
        request = Request(path, headers=[("Authorization", f"Bearer {token}")])
        theirs, ours = (send(app, request) for app in apps)
        assert (ours.status, ours.body) == (theirs.status, theirs.body)
        assert not ours.crashed


def _anatomy(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a token's header and claims, with random and time-dependent values made comparable."""
    claims = jwt.decode(token, options={"verify_signature": False})
    born = claims["iat"]
    for name in ("iat", "nbf", "exp"):
        if name in claims:
            claims[name] = round((claims[name] - born) / 10)
    for name in ("jti", "csrf"):
        if name in claims:
            claims[name] = len(claims[name])
    if type(claims["fresh"]) is float:
        claims["fresh"] = round((claims["fresh"] - born) / 10)
    return jwt.get_unverified_header(token), claims


CREATIONS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "fresh": {"fresh": True},
    "fresh-for-a-time": {"fresh": timedelta(minutes=10)},
    "short": {"expires_delta": timedelta(minutes=1)},
    "long": {"expires_delta": timedelta(days=4000)},
    "already-over": {"expires_delta": timedelta(minutes=-5)},
    "without-end": {"expires_delta": False},
    "claims": {"additional_claims": {"sub": "bob", "roles": [1, {"a": None}]}},
    "headers": {"additional_headers": {"kid": "one", "typ": "at+jwt"}},
    "headers-without-typ": {"additional_headers": {"typ": None}},
}


@pytest.mark.filterwarnings("ignore::flask_watchword.exceptions.UnusableTokenWarning")
@pytest.mark.parametrize("variant", ISSUING_VARIANTS)
@pytest.mark.parametrize("creation", CREATIONS)
def test_both_libraries_create_the_same_token(variant: str, creation: str) -> None:
    anatomies = [
        _anatomy(_create(library, app, "access", **CREATIONS[creation]))
        for library, app in zip(BOTH, twins(variant), strict=True)
    ]
    assert anatomies[0] == anatomies[1]


def test_table_has_every_variant_and_hundreds_of_requests() -> None:
    table = probes()
    assert {probe.variant for probe in table} == set(VARIANTS)
    assert len(table) > 2000
    assert len({json.dumps(str(probe)) for probe in table}) == len(table)
