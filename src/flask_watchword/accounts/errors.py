"""Reject a request, with a stable code for programs and a message for people."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """A reason for which a request is rejected.

    Attributes:
        code: the name for programs. It is part of the API and does not change.
        status: the HTTP status of the response.
        meaning: what it means and what a client can do, as one sentence for the documentation.
    """

    code: str
    status: int
    meaning: str


class Rejected(Exception):
    """A request that is rejected; one handler of the service makes the response.

    Args:
        error: the reason.
        message: a sentence for people, which may change; the meaning of the code by default.
        field: the field of the body or of the query that is wrong.
        retry_after: seconds after which the client can try again.
        members: further members of the JSON response, such as a token that continues the login.
    """

    def __init__(
        self,
        error: ErrorCode,
        message: str = "",
        *,
        field: str | None = None,
        retry_after: int | None = None,
        members: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message or error.meaning)
        self.error = error
        self.message = message or error.meaning
        self.field = field
        self.retry_after = retry_after
        self.members = members or {}


INVALID_FIELD = ErrorCode(
    "invalid_field",
    422,
    "A field or query parameter is missing, unknown, or has an invalid "
    "value; `field` names it. A rejected new password has this code too.",
)
TOO_MANY_TRIES = ErrorCode("too_many_tries", 429, "A rate limit is exceeded.")
LOGIN_BUSY = ErrorCode("login_busy", 503, "Too many passwords are being hashed at the moment.")
SECOND_FACTOR_UNAVAILABLE = ErrorCode(
    "second_factor_unavailable",
    503,
    "The secret of the factor cannot be decrypted with the current master key.",
)
INVALID_CODE = ErrorCode(
    "invalid_code",
    400,
    "A one-time code from an e-mail, or of the setup link, is wrong, "
    "expired, used, or replaced by a later one.",
)
EMAIL_TAKEN = ErrorCode("email_taken", 409, "Another account has this e-mail address.")
EMAIL_UNVERIFIED = ErrorCode(
    "email_unverified",
    409,
    "A second factor, API keys and clients require a verified e-mail address.",
)
WRONG_PASSWORD = ErrorCode(
    "wrong_password", 403, "Wrong current password at a change to the account."
)
USER_NOT_FOUND = ErrorCode("user_not_found", 404, "There is no user with this id.")
LAST_ADMIN = ErrorCode("last_admin", 409, "This would remove the last admin.")
