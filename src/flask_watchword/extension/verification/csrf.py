"""The CSRF double submit value, a claim of every token that travels in a cookie."""

from hmac import compare_digest
from typing import Any

from flask_watchword.extension.errors import CSRFError, JWTDecodeError, MissingCSRFValue


def check_csrf(claims: dict[str, Any], csrf_value: str) -> None:
    """Check that a CSRF double submit value matches the claim of the token.

    Raises:
        JWTDecodeError: when the token has no such claim.
        CSRFError: when the values differ.
    """
    if "csrf" not in claims:
        raise JWTDecodeError("Missing claim: csrf")
    expected = claims["csrf"]
    # A view may pass a member of a JSON body, which can have any type.
    if isinstance(expected, str) and isinstance(csrf_value, str):
        # Compared as bytes: compare_digest accepts only ASCII text, and a client may send any text.
        sent = csrf_value.encode("utf-8", "surrogatepass")
        if compare_digest(expected.encode(), sent):
            return
    raise CSRFError("CSRF double submit tokens do not match")


def csrf_of(claims: dict[str, Any]) -> str:
    """Return the CSRF double submit value of a token's claims.

    Raises:
        MissingCSRFValue: when the token has no such claim.
    """
    value = claims.get("csrf")
    if not isinstance(value, str):
        raise MissingCSRFValue("Missing claim: csrf")
    return value
