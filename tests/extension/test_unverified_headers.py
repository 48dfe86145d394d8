"""The header of an unverified token; its signature must still be base64url."""

import flask_jwt_extended
import jwt
import pytest

import flask_watchword
from flask_watchword.errors import DecodeError
from tests.releases import before

HEADER, PAYLOAD, SIGNATURE = jwt.encode(
    {"sub": "ada"}, "k" * 32, algorithm="HS256", headers={"kid": "one"}
).split(".")
EXPECTED = {"alg": "HS256", "typ": "JWT", "kid": "one"}


@pytest.mark.parametrize("signature", [SIGNATURE, "A" * 43, ""])
def test_wrong_signature_is_ignored(signature: str) -> None:
    token = f"{HEADER}.{PAYLOAD}.{signature}"
    assert flask_watchword.get_unverified_jwt_headers(token) == EXPECTED
    assert flask_jwt_extended.get_unverified_jwt_headers(token) == EXPECTED


@pytest.mark.parametrize("signature", ["A", SIGNATURE[:-2], "!!!!"])
def test_signature_that_is_not_base64url_is_rejected(signature: str) -> None:
    token = f"{HEADER}.{PAYLOAD}.{signature}"
    with pytest.raises(DecodeError, match=r"^Invalid crypto padding$"):
        flask_watchword.get_unverified_jwt_headers(token)
    if signature == "!!!!" and before("PyJWT", 2, 14):
        return  # it skips characters that are not base64url
    with pytest.raises(jwt.DecodeError, match=r"^Invalid crypto padding$"):
        flask_jwt_extended.get_unverified_jwt_headers(token)
