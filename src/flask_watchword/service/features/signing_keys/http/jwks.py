"""GET /.well-known/jwks.json: the public keys that verify the tokens of this service."""

import msgspec
from flask import Response

from flask_watchword.jose.jwk_set import jwk_set
from flask_watchword.service.access import PUBLIC
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import Content, endpoint
from flask_watchword.service.responses import public_response

_MEDIA_TYPE = "application/jwk-set+json"  # RFC 7517 section 8.5.2


class JwkSet(msgspec.Struct):
    """The public keys that verify this service's tokens (RFC 7517 section 5)."""

    keys: list[dict[str, str]]


@endpoint(
    "GET",
    "/.well-known/jwks.json",
    summary="Return the public keys that verify the service's tokens",
    access=PUBLIC,
    responses={200: Content(_MEDIA_TYPE, JwkSet), 304: None},
)
def jwks(context: ServiceContext) -> Response:
    """Respond with the JWK Set (RFC 7517 section 5), or 304 if the client has it already."""
    keys = context.keys
    # Sorted by key id, so that every worker responds with the same bytes and the same ETag.
    keyset = sorted(keys.published(), key=lambda key: key.kid or "")
    body = msgspec.json.encode(jwk_set(keyset))
    response = public_response(body, _MEDIA_TYPE)
    response.headers["Cache-Control"] = f"public, max-age={keys.max_age}"
    # The keys are public: pages of any origin may read them.
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
