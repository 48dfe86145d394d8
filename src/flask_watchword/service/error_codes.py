"""Error codes of the service itself: requests, tokens, cookies and stores.

A code that one feature alone uses stands in the folder of that feature; codes of accounts stand in
``accounts/errors.py``.
"""

from flask_watchword.accounts.errors import ErrorCode

INVALID_JSON = ErrorCode("invalid_json", 400, "The body is not a JSON object.")
#: RFC 6749 section 5.2: what is wrong with a form is wrong with the request.
INVALID_REQUEST = ErrorCode("invalid_request", 400, "A parameter of the form is wrong or missing.")
BODY_TOO_LARGE = ErrorCode(
    "request_entity_too_large", 413, "The body is larger than WATCHWORD_MAX_REQUEST_BYTES."
)
UNSUPPORTED_MEDIA_TYPE = ErrorCode(
    "unsupported_media_type", 415, "The Content-Type of the body is not the expected one."
)
NOT_FOUND = ErrorCode("not_found", 404, "There is no such file.")
STORE_UNAVAILABLE = ErrorCode(
    "store_unavailable", 503, "A store does not answer. Nothing was changed; try again."
)

MISSING_TOKEN = ErrorCode("missing_token", 401, "The request has no token.")
TOKEN_EXPIRED = ErrorCode("token_expired", 401, "The token has expired. Refresh it.")
INVALID_TOKEN = ErrorCode("invalid_token", 401, "The token is of another type, or not a token.")
#: What can be wrong with a token itself; ``errors.py`` describes each.
INVALID_TOKENS = (
    TOKEN_EXPIRED,
    ErrorCode("token_not_yet_valid", 401, "The token is not valid yet."),
    INVALID_TOKEN,
    ErrorCode("malformed_token", 401, "The token is not a JWT."),
    ErrorCode("missing_claim", 401, "A claim of the token is missing."),
    ErrorCode("invalid_signature", 401, "The signature of the token is invalid."),
    ErrorCode("invalid_algorithm", 401, "The algorithm of the token is not allowed."),
    ErrorCode("unknown_key", 401, "The token is signed with an unknown key."),
    ErrorCode("invalid_issuer", 401, "The token is from another issuer."),
    ErrorCode("invalid_audience", 401, "The token is for another audience."),
    ErrorCode("invalid_subject", 401, "The subject of the token is invalid."),
    ErrorCode("invalid_issued_at", 401, "The token was issued in the future."),
    ErrorCode("invalid_jti", 401, "The id of the token is invalid."),
)
#: Why a genuine token that has not expired is rejected.
REVOKED_TOKENS = (
    ErrorCode("session_ended", 401, "The session of the token has ended. Log in again."),
    ErrorCode(
        "refresh_reused",
        401,
        "The refresh token was used before, so its session has ended. Log in again.",
    ),
    ErrorCode("token_revoked", 401, "The token was revoked."),
    ErrorCode("key_revoked", 401, "The signing key of the token was revoked."),
)
KEYS_UNAVAILABLE = ErrorCode(
    "keys_unavailable", 503, "The keys of another issuer cannot be fetched at the moment."
)
MACHINE_TOKEN = ErrorCode(
    "machine_token", 403, "The token belongs to an API key or a client, not to a person."
)
INSUFFICIENT_ROLE = ErrorCode("insufficient_role", 403, "The user lacks the required role.")
SIGN_IN_TOO_OLD = ErrorCode(
    "insufficient_user_authentication", 401, "The last sign-in is too long ago. Sign in again."
)
USER_GONE = ErrorCode("user_gone", 401, "The user of the token has been deleted.")
USER_DISABLED = ErrorCode("user_disabled", 401, "The user of the token is disabled.")

CSRF_FAILED = ErrorCode("csrf_failed", 403, "The CSRF value is missing or wrong.")
CROSS_ORIGIN = ErrorCode("cross_origin", 403, "The request comes from a page of another origin.")

INVALID_CREDENTIALS = ErrorCode(
    "invalid_credentials",
    401,
    "The e-mail address or the password is wrong, or the account cannot log in.",
)
INVALID_PENDING_TOKEN = ErrorCode(
    "invalid_pending_token",
    401,
    "The MFA challenge token is invalid or has expired. Log in with the password again.",
)
INVALID_SECOND_FACTOR = ErrorCode(
    "invalid_second_factor", 401, "The code is wrong, or was used before."
)
SECOND_FACTOR_REQUIRED = ErrorCode(
    "second_factor_required", 403, "The user has a second factor, and the request has none."
)
WRONG_CODE = ErrorCode("wrong_code", 403, "The code is wrong, or was used before.")
SECOND_FACTOR_MISSING = ErrorCode(
    "second_factor_missing", 409, "The user has no such second factor."
)
PASSWORD_CHANGE_REQUIRED = ErrorCode(
    "password_change_required",
    403,
    "The password is too weak for the only factor. Replace it with POST /login/password.",
)
