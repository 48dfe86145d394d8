"""Tokens and JWK Sets in the formats of real issuers."""

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.extension.issuers.others import (
    AUDIENCE,
    CONFIGURATION,
    Place,
    private_key,
    public_jwk,
    signed,
)
from tests.infra.http.elapsed import Elapsed
from tests.infra.http.site import Site

KID = "FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE"
CERTIFICATE = {"x5c": ["MIICmzCCAYMCBgGX"], "x5t": "cw6TBBaXcTSk6LXbDUwVTNPhpo4", "x5t#S256": "x"}


def bare(algorithm: str) -> dict[str, Any]:
    """Return only the members that define a public key."""
    jwk = public_jwk(algorithm, 7000, None)
    return {name: value for name, value in jwk.items() if name not in ("alg", "use", "key_ops")}


def accepting(
    elapsed: Elapsed, site: Site, keys: list[dict[str, Any]], **status_and_text: Any
) -> tuple[Place, str]:
    """Return an application that accepts the tokens of an issuer with these keys, and its name."""
    name = site.url("/realms/shop")
    site.serves("/certs", {"keys": keys})
    site.serves(
        f"/realms/shop{CONFIGURATION}",
        {"issuer": name, "jwks_uri": site.url("/certs"), **status_and_text},
    )
    return Place(elapsed, {name: {"audience": AUDIENCE}}), name


def keycloak_claims(issuer: str, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    return {
        "exp": now + 300,
        "iat": now,
        "auth_time": now - 5,
        "jti": "onrtac:0b2a0f8f-5bd6-4ecf-a0f4-3d2f4f0f4a51",
        "iss": issuer,
        "aud": [AUDIENCE, "account"],
        "sub": "f3a1a1a4-91a6-4b0d-9b1f-0a1c5d5e7f11",
        "typ": "Bearer",
        "azp": "shop-web",
        "sid": "c1b0f6a2-6cf9-4a7e-8f0d-d9f4c9b4a0d1",
        "acr": "1",
        "allowed-origins": ["https://shop.example.com"],
        "realm_access": {"roles": ["offline_access", "default-roles-shop"]},
        "resource_access": {"account": {"roles": ["manage-account", "view-profile"]}},
        "scope": "openid email profile",
        "email_verified": True,
        "preferred_username": "ada",
        **changes,
    }


def test_tokens_of_keycloak(elapsed: Elapsed, site: Site) -> None:
    encryption = {**bare("RS256"), "kid": "x", "use": "enc", "alg": "RSA-OAEP", **CERTIFICATE}
    signing = {**bare("RS256"), "kid": KID, "use": "sig", "alg": "RS256", **CERTIFICATE}
    place, issuer = accepting(
        elapsed, site, [encryption, signing], id_token_signing_alg_values_supported=["RS256"]
    )
    key, header = private_key("RS256", 7000), {"kid": KID}
    answer = place.get(signed(keycloak_claims(issuer), key, "RS256", header))
    assert answer.status_code == 200, answer.get_json()
    assert answer.get_json()["realm_access"]["roles"] == ["offline_access", "default-roles-shop"]
    for kind in ("ID", "Refresh", "Offline", "Logout"):
        claims = keycloak_claims(issuer, typ=kind, aud=AUDIENCE)
        assert place.get(signed(claims, key, "RS256", header)).status_code == 422


def test_tokens_of_entra_whose_keys_have_no_alg(elapsed: Elapsed, site: Site) -> None:
    key = {**bare("RS256"), "kid": KID, "use": "sig", **CERTIFICATE, "issuer": "https://login"}
    place, issuer = accepting(elapsed, site, [key])
    claims = keycloak_claims(issuer, aud=AUDIENCE, ver="2.0", oid="x", tid="y", scp="read")
    del claims["typ"]
    for algorithm in ("RS256", "PS256", "RS512"):
        token = signed(claims, private_key("RS256", 7000), algorithm, {"kid": KID, "x5t": KID})
        assert place.get(token).status_code == 200, algorithm


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "ES512"])
def test_tokens_of_python_jose_which_have_no_kid(
    elapsed: Elapsed, site: Site, algorithm: str
) -> None:
    place, issuer = accepting(elapsed, site, [{**bare(algorithm), "alg": algorithm}])
    claims = {"iss": issuer, "aud": AUDIENCE, "sub": "ada", "exp": int(time.time()) + 60}
    key = private_key(algorithm, 7000)
    assert place.get(signed(claims, key, algorithm, {})).status_code == 200
    assert place.get(signed(claims, key, algorithm, {"kid": "whatever"})).status_code == 200
    other = private_key(algorithm, 7001)
    assert (
        place.status_and_text(signed(claims, other, algorithm, {}))[1]
        == "Signature verification failed"
    )


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_rsa_keys_of_every_usual_size(elapsed: Elapsed, site: Site, bits: int) -> None:
    key = rsa.generate_private_key(65537, bits)
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    place, issuer = accepting(elapsed, site, [{**jwk, "kid": KID}])
    claims = {"iss": issuer, "aud": AUDIENCE, "sub": "ada", "exp": int(time.time()) + 60}
    for algorithm in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"):
        assert place.get(signed(claims, key, algorithm, {"kid": KID})).status_code == 200


@pytest.mark.parametrize("curve", ["P-512", "secp521r1", "p-521", "P-256", None])
def test_es512_requires_p_521(elapsed: Elapsed, site: Site, curve: str | None) -> None:
    place, issuer = accepting(elapsed, site, [{**bare("ES512"), "alg": "ES512", "crv": curve}])
    claims = {"iss": issuer, "aud": AUDIENCE, "sub": "ada", "exp": int(time.time()) + 60}
    assert place.get(signed(claims, private_key("ES512", 7000), "ES512", {})).status_code == 503
