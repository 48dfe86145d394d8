"""Confirm sensitive changes with the password and the second factor."""

import contextlib
from collections.abc import Iterator

import msgspec

from flask_watchword.accounts.errors import INVALID_CODE, SECOND_FACTOR_UNAVAILABLE
from flask_watchword.service.authentication.reauthentication import REAUTHENTICATION_ERRORS
from flask_watchword.service.authentication.second_factor import require_second_factor
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.error_codes import SECOND_FACTOR_REQUIRED, WRONG_CODE
from flask_watchword.service.fields import Code, Password

#: The errors of an endpoint that requires the password and the second factor.
CONFIRMATION_ERRORS = (
    *REAUTHENTICATION_ERRORS,
    SECOND_FACTOR_REQUIRED,
    WRONG_CODE,
    SECOND_FACTOR_UNAVAILABLE,
)


#: The errors of an endpoint that requires the code of an e-mail and the password.
EMAIL_CODE_ERRORS = (*REAUTHENTICATION_ERRORS, INVALID_CODE)


class CodeAndPassword(msgspec.Struct, forbid_unknown_fields=True):
    """The code of an e-mail, and the password of the account that it is for."""

    code: Code
    password: Password


class FactorAnswers(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The answer to a second factor. The features add a member for each factor."""


class Confirmation(FactorAnswers, forbid_unknown_fields=True, kw_only=True):
    """The password of the account, and a second factor if the user has one.

    Attributes:
        password: the password of the account.
    """

    password: Password


@contextlib.contextmanager
def second_factor_verified(
    context: ServiceContext, user_id: str, answers: FactorAnswers
) -> Iterator[None]:
    """Verify and use up the second factor of a user who has one, before the body of ``with``.

    It comes after the password and after everything else that can be rejected, because each code
    works once: a rejection must not cost one.

    Raises:
        Rejected: with ``second_factor_required``, when the user has a second factor and no answer
            is given.
        WrongCode: when the answer is wrong.
        TooManyAttempts: after too many wrong answers.
    """
    require_second_factor(context, user_id, answers)
    yield
