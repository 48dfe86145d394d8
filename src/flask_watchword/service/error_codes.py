"""Error codes of the service itself: requests, tokens, cookies and stores.

A code that only one feature uses is in the folder of that feature; codes of accounts are in
``accounts/errors.py``.
"""

from flask_watchword.accounts.errors import ErrorCode

INVALID_JSON = ErrorCode("invalid_json", 400, "The body is not valid JSON.")
#: RFC 6749 section 5.2: what is wrong with a form is wrong with the request.
INVALID_REQUEST = ErrorCode("invalid_request", 400, "The form of `POST /token` is invalid.")
UNSUPPORTED_GRANT_TYPE = ErrorCode(
    "unsupported_grant_type", 400, "`POST /token` does not support this `grant_type`."
)
BODY_TOO_LARGE = ErrorCode(
    "request_entity_too_large", 413, "The body is larger than `WATCHWORD_MAX_REQUEST_BYTES`."
)
UNSUPPORTED_MEDIA_TYPE = ErrorCode(
    "unsupported_media_type", 415, "The body has the wrong `Content-Type`, or a `Content-Encoding`."
)
NOT_FOUND = ErrorCode("not_found", 404, "There is nothing at this path.")
STORE_UNAVAILABLE = ErrorCode("store_unavailable", 503, "The database or Valkey does not answer.")

MISSING_TOKEN = ErrorCode("missing_token", 401, "The request has no token.")
TOKEN_EXPIRED = ErrorCode("token_expired", 401, "The token has expired.")
INVALID_TOKEN = ErrorCode(
    "invalid_token",
    401,
    "The token is invalid for another reason; for instance, the request has two of its cookie.",
)
#: What can be wrong with a token itself; ``errors.py`` describes each.
INVALID_TOKENS = (
    TOKEN_EXPIRED,
    ErrorCode("token_not_yet_valid", 401, "The claim `nbf` or `iat` lies in the future."),
    INVALID_TOKEN,
    ErrorCode("malformed_token", 401, "The token is not a well-formed JWT."),
    ErrorCode("missing_claim", 401, "A required claim is missing."),
    ErrorCode("invalid_signature", 401, "The signature does not match."),
    ErrorCode("invalid_algorithm", 401, "The token's algorithm is not accepted."),
    ErrorCode("unknown_key", 401, "No key of the service has this key id (`kid`)."),
    ErrorCode("invalid_issuer", 401, "The claim `iss` is not the service's issuer."),
    ErrorCode("invalid_audience", 401, "The claim `aud` is not the service's audience."),
    ErrorCode("invalid_subject", 401, "The claim `sub` is not a string."),
    ErrorCode("invalid_issued_at", 401, "The claim `iat` is not a valid time."),
    ErrorCode("invalid_jti", 401, "The claim `jti` is not a string."),
)
#: Why a genuine token that has not expired is rejected.
REVOKED_TOKENS = (
    ErrorCode(
        "session_ended",
        401,
        "The session of the token has ended: logout, revocation, or unknown session.",
    ),
    ErrorCode(
        "refresh_reused",
        401,
        "A used refresh token was sent again after the grace period, so its session has ended.",
    ),
    ErrorCode(
        "token_revoked",
        401,
        "The token was revoked, alone or together with all tokens of its user.",
    ),
    ErrorCode("key_revoked", 401, "The key that signed the token was revoked."),
)
KEYS_UNAVAILABLE = ErrorCode(
    "keys_unavailable",
    503,
    "The key that signed the token is not known here, and the key store does not answer.",
)
MACHINE_TOKEN = ErrorCode(
    "machine_token", 403, "Access tokens of API keys and clients are not accepted here."
)
INSUFFICIENT_ROLE = ErrorCode("insufficient_role", 403, "The user does not have the required role.")
SIGN_IN_TOO_OLD = ErrorCode(
    "insufficient_user_authentication",
    401,
    "The user logged in too long ago and has to log in again (RFC 9470).",
)
USER_GONE = ErrorCode("user_gone", 401, "The user was deleted.")
USER_DISABLED = ErrorCode("user_disabled", 401, "The user is disabled.")

CSRF_FAILED = ErrorCode(
    "csrf_failed", 403, "A state-changing request with a cookie has no valid `X-CSRF-TOKEN` header."
)
CROSS_ORIGIN = ErrorCode(
    "cross_origin",
    403,
    "A state-changing request with a cookie, or a login for cookies, came "
    "from a page of another origin.",
)

INVALID_CREDENTIALS = ErrorCode(
    "invalid_credentials",
    401,
    "Wrong e-mail address or password, a disabled user, or an e-mail address "
    "that has to be verified first.",
)
INVALID_PENDING_TOKEN = ErrorCode(
    "invalid_pending_token",
    401,
    "The `pending_token` of an unfinished login is expired or invalid, or "
    "the password has changed since.",
)
INVALID_SECOND_FACTOR = ErrorCode(
    "invalid_second_factor", 401, "Wrong code of the second factor at a login."
)
SECOND_FACTOR_REQUIRED = ErrorCode(
    "second_factor_required", 403, "This change also requires the second factor."
)
WRONG_CODE = ErrorCode("wrong_code", 403, "Wrong code of the second factor.")
SECOND_FACTOR_MISSING = ErrorCode("second_factor_missing", 409, "The user has no second factor.")
PASSWORD_CHANGE_REQUIRED = ErrorCode(
    "password_change_required",
    403,
    "The password is correct but too weak to be the only factor; continue "
    "with `pending_token` at `POST /login/password`.",
)
