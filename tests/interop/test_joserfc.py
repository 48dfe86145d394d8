"""joserfc verifies Watchword's tokens, and Watchword verifies those of joserfc."""

from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from tests.infra.http.site import Site
from tests.interop.conftest import Verifying
from tests.interop.ours import ALL, ASYMMETRIC, CLAIMS, HMAC, JWK_SET, SECRET, TOKENS, forged

# It warns about EdDSA, which RFC 9864 replaces with Ed25519; tokens still use it.
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")

CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


def _new_key(algorithm: str) -> Any:
    parameters: Any = {"kid": algorithm, "alg": algorithm, "use": "sig"}
    if algorithm in CURVES:
        return ECKey.generate_key(CURVES[algorithm], parameters)
    if algorithm in ("EdDSA", "Ed25519"):
        return OKPKey.generate_key("Ed25519", parameters)
    return RSAKey.generate_key(2048, parameters)


PRIVATE = {algorithm: _new_key(algorithm) for algorithm in ASYMMETRIC}


def _secret() -> OctKey:
    return OctKey.import_key(SECRET)


@pytest.fixture(scope="module")
def theirs(site: Site) -> Verifying:
    verifying = Verifying(site, "/joserfc")
    verifying.publish([key.as_dict(private=False) for key in PRIVATE.values()])
    return verifying


@pytest.mark.parametrize("algorithm", ALL)
def test_joserfc_verifies_a_token_with_the_jwk_set(algorithm: str) -> None:
    key: Any = _secret() if algorithm in HMAC else KeySet.import_key_set(JWK_SET)  # type: ignore[arg-type]
    token = TOKENS[algorithm]
    assert jwt.decode(token, key, algorithms=[algorithm]).claims == CLAIMS
    with pytest.raises(BadSignatureError):
        jwt.decode(forged(token), key, algorithms=[algorithm])


@pytest.mark.parametrize("algorithm", ALL)
def test_token_of_joserfc_is_verified_with_its_keys(theirs: Verifying, algorithm: str) -> None:
    key = _secret() if algorithm in HMAC else PRIVATE[algorithm]
    claims = {**CLAIMS, "iss": theirs.issuer}
    token = jwt.encode({"alg": algorithm, "kid": algorithm}, claims, key, algorithms=[algorithm])
    answer = theirs.get(token, algorithm)
    assert answer.status_code == 200, answer.get_json()
    assert answer.get_json().items() >= claims.items()
    answer = theirs.get(forged(token), algorithm)
    assert answer.get_json()["msg"] == "Signature verification failed"
