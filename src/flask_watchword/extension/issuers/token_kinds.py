"""Distinguish access tokens of other issuers from their refresh tokens, ID tokens and events."""

from flask_watchword.errors import InvalidTokenError, MissingRequiredClaimError
from flask_watchword.jose import Token

#: ``typ`` of a possible access token (RFC 7519 section 5.1, RFC 9068 section 2.1).
_TYP = frozenset({"jwt", "at+jwt"})
_ID_TOKEN = "An ID token is not accepted; send the access token"
_FOR_ITS_ISSUER = "A refresh token is for its issuer alone"
#: Claims that identify another kind of token: an ID token that accompanies an access token or a
#: code (OpenID Connect Core 1.0 section 3.3.2.11), and a security event, such as a logout (RFC 8417
#: section 2.2).
_OTHER_KINDS = {
    "at_hash": _ID_TOKEN,
    "c_hash": _ID_TOKEN,
    "events": "A security event token is not accepted",
}
#: Values of claims that issuers define for the kind of a token: this package ``type``, Keycloak
#: ``typ``, and Amazon Cognito ``token_use``. Without this check a refresh token of another issuer
#: would pass for one of ours, and could be exchanged for tokens of ours.
_KINDS_BY_CLAIM = {
    "type": {"refresh": _FOR_ITS_ISSUER},
    "typ": {
        "ID": _ID_TOKEN,
        "Refresh": _FOR_ITS_ISSUER,
        "Offline": _FOR_ITS_ISSUER,
        "Logout": "A security event token is not accepted",
    },
    "token_use": {"id": _ID_TOKEN},
}


def check_kind(token: Token) -> None:
    """Check that a token of another issuer may be an access token (RFC 8725 section 3.11).

    The token may be unverified: a token rejected here would be rejected after verification, too.

    Raises:
        InvalidTokenError: when it is a refresh token, an ID token or a security event.
        MissingRequiredClaimError: when it has no ``exp``.
    """
    header, claims = token
    typ = header.get("typ", "JWT")
    # RFC 7515 section 4.1.9: typ is a media type, compared case-insensitively.
    if not isinstance(typ, str) or typ.lower().removeprefix("application/") not in _TYP:
        raise InvalidTokenError("Unknown token type (typ)")
    for claim, reason in _OTHER_KINDS.items():
        if claim in claims:
            raise InvalidTokenError(reason)
    for claim, kinds in _KINDS_BY_CLAIM.items():
        kind = claims.get(claim)
        if isinstance(kind, str) and kind in kinds:
            raise InvalidTokenError(kinds[kind])
    if "exp" not in claims:
        raise MissingRequiredClaimError("exp")
