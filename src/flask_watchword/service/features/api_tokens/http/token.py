"""POST /token: exchange credentials for an access token (RFC 6749 section 3.2)."""

from typing import Annotated, Literal
from urllib.parse import unquote_plus

import msgspec
from flask import Response, request
from werkzeug.datastructures import Authorization

from flask_watchword.accounts.api_tokens import (
    ApiToken,
    ApiTokenKind,
    find_api_token,
    find_client,
)
from flask_watchword.accounts.errors import TOO_MANY_TRIES, ErrorCode
from flask_watchword.clock import system_clock
from flask_watchword.service.access import PUBLIC
from flask_watchword.service.api_token_access import (
    access_token_seconds,
    is_valid,
    new_access_token,
    owner_of,
    scopes_of,
)
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.error_codes import INVALID_REQUEST, UNSUPPORTED_GRANT_TYPE
from flask_watchword.service.features.api_tokens.limits import machine_token_hits
from flask_watchword.service.rate_limiting import counting_failures
from flask_watchword.service.responses import OAuthRejected, json_response

INVALID_GRANT = ErrorCode(
    "invalid_grant", 400, "The personal access token is invalid, expired or revoked."
)
INVALID_SCOPE = ErrorCode(
    "invalid_scope", 400, "The requested scope exceeds what the client, the token or its owner has."
)
INVALID_CLIENT = ErrorCode("invalid_client", 401, "Wrong client id or client secret.")

_CLIENT_CREDENTIALS = "client_credentials"
#: RFC 8693 section 3.
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"

_Text = Annotated[str, msgspec.Meta(max_length=256)]


class TokenRequest(msgspec.Struct):
    """The form of a token request. Other fields are ignored (RFC 6749 section 3.2).

    Attributes:
        grant_type: ``client_credentials`` for a client; the one of RFC 8693 for a personal access
            token.
        scope: the requested scopes, separated by spaces; default: all scopes of the credentials.
        client_id: the client's id, if it does not use HTTP Basic.
        client_secret: the client's secret, if it does not use HTTP Basic.
        subject_token: a personal access token.
        subject_token_type: the type of the token (RFC 8693 section 3).
    """

    grant_type: Literal["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"]
    scope: Annotated[str, msgspec.Meta(max_length=4096)] | None = None
    client_id: _Text | None = None
    client_secret: _Text | None = None
    subject_token: _Text | None = None
    subject_token_type: Literal["urn:ietf:params:oauth:token-type:access_token"] | None = None


class Access(msgspec.Struct, omit_defaults=True):
    """An access token (RFC 6749 section 5.1).

    Attributes:
        access_token: the access token.
        token_type: always ``Bearer``.
        expires_in: its lifetime in seconds.
        scope: its scopes, separated by spaces.
        issued_token_type: the type of the token, after a token exchange (RFC 8693 section 2.2.1).
    """

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    issued_token_type: str | None = None


class _InvalidCredentials(Exception):
    """Credentials or a token that are wrong, expired or revoked."""


@endpoint(
    "POST",
    "/token",
    summary="Exchange client credentials or a personal access token for an access token",
    access=PUBLIC,
    form=TokenRequest,
    responses={200: Access},
    errors=(UNSUPPORTED_GRANT_TYPE, INVALID_GRANT, INVALID_SCOPE, INVALID_CLIENT, TOO_MANY_TRIES),
)
def token(context: ServiceContext, form: TokenRequest) -> Response:
    """Respond with an access token; errors are as in RFC 6749 section 5.2."""
    by_client = form.grant_type == _CLIENT_CREDENTIALS
    try:
        with counting_failures(
            context,
            machine_token_hits(context.limits, context.client_address),
            _InvalidCredentials,
        ):
            shown = _client(context, form) if by_client else _personal_token(context, form)
            scopes = _scopes(context, shown, form.scope)
            seconds = access_token_seconds(context, shown, system_clock())
            # Checked again once the access token exists: a concurrent revocation, or the loss of
            # a scope, then revokes this one too.
            access = new_access_token(shown, scopes, seconds)
            if not is_valid(context, shown):
                raise _InvalidCredentials
            _check_scopes(scopes, _scopes(context, shown, None))
    except _InvalidCredentials as error:
        if by_client:
            message = "The client id or the client secret is wrong"
            raise OAuthRejected(INVALID_CLIENT, message) from error
        raise OAuthRejected(INVALID_GRANT, "The token is invalid, expired or revoked") from error
    return json_response(
        Access(
            access_token=access,
            token_type="Bearer",
            expires_in=seconds,
            scope=" ".join(sorted(scopes)),
            issued_token_type=None if by_client else _ACCESS_TOKEN,
        )
    )


def _client(context: ServiceContext, form: TokenRequest) -> ApiToken:
    client_id, secret = _credentials(form)
    store = context.repositories.api_tokens
    return _found(find_client(store, client_id, secret, system_clock()))


def _credentials(form: TokenRequest) -> tuple[str, str]:
    basic = _basic_credentials()
    if basic is None or basic.type != "basic":
        if form.client_id is None or form.client_secret is None:
            raise OAuthRejected(INVALID_CLIENT, "Send the client's credentials with HTTP Basic")
        return form.client_id, form.client_secret
    if form.client_secret is not None:
        # RFC 6749 section 2.3: only one authentication method in a request.
        raise OAuthRejected(INVALID_REQUEST, "Send the client's credentials only once")
    # Section 2.3.1: encoded as in a form.
    return unquote_plus(basic.username or ""), unquote_plus(basic.password or "")


def _basic_credentials() -> Authorization | None:
    try:
        return request.authorization
    except ValueError:
        return None  # Werkzeug cannot decode these credentials, which are not ASCII


def _personal_token(context: ServiceContext, form: TokenRequest) -> ApiToken:
    if form.subject_token is None or form.subject_token_type is None:
        msg = "`subject_token` and `subject_token_type` are required"
        raise OAuthRejected(INVALID_REQUEST, msg)
    store = context.repositories.api_tokens
    kind = ApiTokenKind.PERSONAL
    return _found(find_api_token(store, kind, form.subject_token, system_clock()))


def _found(found: ApiToken | None) -> ApiToken:
    if found is None:
        raise _InvalidCredentials
    return found


def _scopes(context: ServiceContext, shown: ApiToken, wanted: str | None) -> frozenset[str]:
    owner = owner_of(context, shown)
    if owner is None:
        raise _InvalidCredentials
    may = scopes_of(shown, owner)
    if wanted is None:
        return may
    asked = frozenset(wanted.split(" ")) - {""}
    _check_scopes(asked, may)
    return asked


def _check_scopes(asked: frozenset[str], may: frozenset[str]) -> None:
    if not asked <= may:
        raise OAuthRejected(INVALID_SCOPE, "Not all of these scopes are granted")
