"""PyJWT and its PyJWKClient verify Watchword's tokens, and Watchword verifies those of PyJWT."""

import json
from typing import Any

import jwt
import pytest

from tests.infra.http.site import Site
from tests.interop.conftest import Verifying
from tests.interop.ours import (
    ALL,
    ASYMMETRIC,
    CLAIMS,
    HMAC,
    SECRET,
    TOKENS,
    forged,
    new_private_key,
)

#: It knows Ed25519 only by its older name.
UNKNOWN = {"Ed25519"}
KNOWN = [algorithm for algorithm in ALL if algorithm not in UNKNOWN]
PRIVATE = {algorithm: new_private_key(algorithm) for algorithm in ASYMMETRIC}


@pytest.fixture(scope="module")
def client(site: Site) -> jwt.PyJWKClient:
    return jwt.PyJWKClient(site.url("/ours/jwks"))


@pytest.fixture(scope="module")
def theirs(site: Site) -> Verifying:
    verifying = Verifying(site, "/pyjwt")
    verifying.publish([_jwk(algorithm) for algorithm in ASYMMETRIC if algorithm not in UNKNOWN])
    return verifying


def _jwk(algorithm: str) -> dict[str, Any]:
    public = PRIVATE[algorithm].public_key()
    jwk = json.loads(jwt.get_algorithm_by_name(algorithm).to_jwk(public))
    return {**jwk, "kid": algorithm, "alg": algorithm, "use": "sig"}


def _token(theirs: Verifying, algorithm: str) -> str:
    claims = {**CLAIMS, "iss": theirs.issuer}
    key = SECRET if algorithm in HMAC else PRIVATE[algorithm]
    return jwt.encode(claims, key, algorithm, {"kid": algorithm})


@pytest.mark.parametrize("algorithm", [name for name in KNOWN if name not in HMAC])
def test_pyjwt_verifies_a_token_with_the_jwk_set(client: jwt.PyJWKClient, algorithm: str) -> None:
    token = TOKENS[algorithm]
    key = client.get_signing_key_from_jwt(token)
    assert jwt.decode(token, key, [algorithm]) == CLAIMS
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(forged(token), key, [algorithm])


@pytest.mark.parametrize("algorithm", HMAC)
def test_pyjwt_verifies_a_token_with_the_secret(algorithm: str) -> None:
    assert jwt.decode(TOKENS[algorithm], SECRET, [algorithm]) == CLAIMS


@pytest.mark.parametrize("algorithm", KNOWN)
def test_token_of_pyjwt_is_verified_with_its_keys(theirs: Verifying, algorithm: str) -> None:
    token = _token(theirs, algorithm)
    answer = theirs.get(token, algorithm)
    assert answer.status_code == 200, answer.get_json()
    assert answer.get_json().items() >= {**CLAIMS, "iss": theirs.issuer}.items()
    answer = theirs.get(forged(token), algorithm)
    assert answer.get_json()["msg"] == "Signature verification failed"


@pytest.mark.parametrize("algorithm", sorted(UNKNOWN))
def test_excluded_algorithms_are_unknown_to_pyjwt(client: jwt.PyJWKClient, algorithm: str) -> None:
    with pytest.raises(NotImplementedError):
        jwt.get_algorithm_by_name(algorithm)
    # It omits such keys from a set, and finds the others.
    with pytest.raises(jwt.PyJWKClientError):
        client.get_signing_key_from_jwt(TOKENS[algorithm])
