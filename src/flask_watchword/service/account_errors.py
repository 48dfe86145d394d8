"""What is answered to what accounts refuse: the same from every endpoint."""

import logging

from flask import Blueprint, Response

from flask_watchword.accounts.emails import InvalidEmail
from flask_watchword.accounts.one_time_codes import InvalidCode
from flask_watchword.accounts.password_policy import UnacceptablePassword
from flask_watchword.accounts.totp import UnreadableSecret
from flask_watchword.service.authentication.second_factor import SecondFactorRequired, WrongCode
from flask_watchword.service.features.password_change.flow import WrongPassword
from flask_watchword.service.responses import error_response

#: Seconds after which a client may try again what an operator has to mend.
_MENDING_SECONDS = 60

_logger = logging.getLogger(__name__)


def install_account_error_handlers(api: Blueprint) -> None:
    """Answer in the service's form where a flow of accounts refuses."""
    api.register_error_handler(InvalidEmail, _invalid_email)
    api.register_error_handler(UnacceptablePassword, _unacceptable_password)
    api.register_error_handler(InvalidCode, _code_refused)
    api.register_error_handler(WrongPassword, _wrong_password)
    api.register_error_handler(WrongCode, _wrong_code)
    api.register_error_handler(SecondFactorRequired, _second_factor_required)
    api.register_error_handler(UnreadableSecret, _unreadable_secret)


def _invalid_email(error: InvalidEmail) -> Response:
    msg = f"The e-mail address is refused: {error}"
    return error_response(422, msg, "invalid_field", field="email")


def _unacceptable_password(error: UnacceptablePassword) -> Response:
    msg = f"The password is refused: {error}"
    return error_response(422, msg, "invalid_field", field="password")


def _code_refused(_error: InvalidCode) -> Response:
    # One answer to unknown, used, over and replaced.
    return error_response(
        400, "This code is not good, or not any more; ask for another", "invalid_code"
    )


def _wrong_password(_error: WrongPassword) -> Response:
    # Not 401: the token is good, and to get another one would not help.
    return error_response(403, "The password is wrong", "wrong_password")


def _wrong_code(_error: WrongCode) -> Response:
    return error_response(
        403, "The code is wrong, or was used before; take the next one", "wrong_code"
    )


def _second_factor_required(_error: SecondFactorRequired) -> Response:
    msg = "Send `code` of the authenticator, or a `recovery_code`, with the password"
    return error_response(403, msg, "second_factor_required")


def _unreadable_secret(error: UnreadableSecret) -> Response:
    # Never as if there were no second factor. A recovery code needs no secret.
    _logger.error("The secret of an authenticator cannot be opened: %s", error)
    msg = "Codes cannot be verified at the moment; a recovery code can"
    headers = {"Retry-After": str(_MENDING_SECONDS)}
    return error_response(503, msg, "second_factor_unavailable", headers)
