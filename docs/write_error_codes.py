"""Write docs/reference/error-codes.md from the OpenAPI document: `python -m docs.write_error_codes`."""

from collections.abc import Iterator
from pathlib import Path

from docs.write_http_api import codes_of, operations, token_codes

PAGE = Path(__file__).parent / "reference" / "error-codes.md"

_INTRODUCTION = """\
# Error codes

An error of the [service](../service/getting-started.md) has a JSON body:

```json
{"msg": "Bad email or password", "code": "invalid_credentials"}
```

`code` is stable; `msg` is a sentence for people and may change. Depending on the code there are more
members: `field` names the field that is wrong, `pending_token` continues a login. Responses with
status 429 and 503 have the header `Retry-After`, in seconds. Responses with status 401 have
`WWW-Authenticate`.

For every endpoint, [the HTTP API](http-api.md) lists the codes it can return. Errors of the
extension, which an application's own views return, are in [Error
handling](../extension/error-handling.md).

This page is written by `docs/write_error_codes.py`.
"""

_TOKENS = """\
## Tokens

Every endpoint that requires an access or refresh token can return these.
"""

_OTHERS = """\
## Other errors
"""

#: Errors of Flask's routing. They belong to no endpoint, so the OpenAPI document does not list them.
_OF_ROUTING = {"not_found": 404, "method_not_allowed": 405}

MEANINGS = {
    "client_not_found": "the user has no client with this id",
    "cross_origin": "a state-changing request with a cookie, or a login for cookies, came from a page "
    "of another origin, see [Cookies](../service/cookies.md)",
    "csrf_failed": "a state-changing request with a cookie has no valid `X-CSRF-TOKEN` header",
    "email_taken": "another account has this e-mail address",
    "email_unverified": "TOTP, API keys and clients require a verified e-mail address",
    "insufficient_role": "the user does not have the required role",
    "insufficient_user_authentication": "the user logged in too long ago and has to log in again "
    "(RFC 9470)",
    "invalid_algorithm": "the token's algorithm is not accepted",
    "invalid_audience": "the claim `aud` is not the service's audience",
    "invalid_client": "wrong client id or client secret",
    "invalid_code": "a one-time code from an e-mail, or of the setup link, is wrong, expired, used, or "
    "replaced by a later one",
    "invalid_credentials": "wrong e-mail address or password, a disabled user, or an e-mail address "
    "that has to be verified first",
    "invalid_field": "a field or query parameter is missing, unknown, or has an invalid value; `field` "
    "names it. A rejected new password has this code too",
    "invalid_grant": "the personal access token is invalid, expired or revoked",
    "invalid_issued_at": "the claim `iat` is not a valid time",
    "invalid_issuer": "the claim `iss` is not the service's issuer",
    "invalid_json": "the body is not valid JSON",
    "invalid_jti": "the claim `jti` is not a string",
    "invalid_pending_token": "the `pending_token` of an unfinished login is expired or invalid, or the "
    "password has changed since",
    "invalid_request": "the form of `POST /token` is invalid",
    "invalid_scope": "the requested scope exceeds what the client, the token or its owner has",
    "invalid_second_factor": "wrong TOTP code or recovery code at a login",
    "invalid_signature": "the signature does not match",
    "invalid_subject": "the claim `sub` is not a string",
    "invalid_token": "the token is invalid for another reason; for instance, the request has two of its cookie",
    "key_not_found": "there is no key with this id",
    "key_refused": "the state of the key does not allow this, or its private part is encrypted with another master key",
    "key_revoked": "the key that signed the token was revoked",
    "keys_unavailable": "the key that signed the token is not known here, and the key store does not "
    "answer",
    "last_admin": "this would remove the last admin",
    "login_busy": "too many passwords are being hashed at the moment",
    "machine_token": "access tokens of API keys and clients are not accepted here",
    "malformed_token": "the token is not a well-formed JWT",
    "method_not_allowed": "the path exists, but not with this method",
    "metrics_hidden": "the request does not come from this machine and has no valid metrics token",
    "missing_claim": "a required claim is missing",
    "missing_token": "the request has no token",
    "not_found": "there is nothing at this path",
    "password_change_required": "the password is correct but too weak to be the only factor; "
    "continue with `pending_token` at `POST /login/password`",
    "refresh_reused": "a used refresh token was sent again after the grace period, so its session has "
    "ended; see [Sessions](../explanation/sessions.md)",
    "request_entity_too_large": "the body is larger than `WATCHWORD_MAX_REQUEST_BYTES`",
    "second_factor_active": "TOTP is already set up",
    "second_factor_missing": "TOTP is not set up",
    "second_factor_required": "this change also requires `code` or `recovery_code`",
    "second_factor_unavailable": "the TOTP secret cannot be decrypted with the current master key",
    "session_ended": "the session of the token has ended: logout, revocation, or unknown session",
    "session_not_found": "the user has no session with this id",
    "store_unavailable": "the database or Valkey does not answer",
    "token_expired": "the token has expired",
    "token_not_found": "the user has no personal access token with this id",
    "token_not_yet_valid": "the claim `nbf` or `iat` lies in the future",
    "token_revoked": "the token was revoked, alone or together with all tokens of its user",
    "too_many_tokens": "the user has the maximum number of API keys and clients",
    "too_many_tries": "a [rate limit](settings.md#rate-limits) is exceeded",
    "unknown_key": "no key of the service has this key id (`kid`)",
    "unsupported_grant_type": "`POST /token` does not support this `grant_type`",
    "unsupported_media_type": "the body has the wrong `Content-Type`, or a `Content-Encoding`",
    "user_disabled": "the user is disabled",
    "user_gone": "the user was deleted",
    "user_not_found": "there is no user with this id",
    "wrong_code": "wrong TOTP code or recovery code at a change to the account",
    "wrong_password": "wrong current password at a change to the account",
}


def statuses() -> dict[str, set[int]]:
    """Return the HTTP statuses of every error code."""
    found = {code: {status} for code, status in _OF_ROUTING.items()}
    for _, operation in operations():
        for status, code in codes_of(operation):
            found.setdefault(code, set()).add(status)
    return found


def page() -> str:
    """Return the page."""
    of_tokens = token_codes()
    others = statuses().keys() - of_tokens
    return "\n".join([_INTRODUCTION, _TOKENS, *_table(of_tokens), _OTHERS, *_table(others)])


def _table(codes: frozenset[str] | set[str]) -> Iterator[str]:
    yield "| code | status | meaning |"
    yield "| --- | --- | --- |"
    for code in sorted(codes):
        shown = ", ".join(map(str, sorted(statuses()[code])))
        yield f"| `{code}` | {shown} | {MEANINGS[code]} |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
