"""The error of a login that fails."""

from flask_watchword.accounts.errors import Rejected
from flask_watchword.service.authentication.verified_logins import verified_logins_only
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.error_codes import INVALID_CREDENTIALS


class InvalidCredentials(Rejected):
    """A login that fails.

    The response is the same for an unknown address, a wrong password, a disabled account, and an
    address that is not verified.

    Args:
        context: the service.
    """

    def __init__(self, context: ServiceContext) -> None:
        message = "Bad email or password"
        if verified_logins_only(context.settings):
            # In every response, so that it says nothing about this address.
            message += ", or an address that is not verified yet by the code in the e-mail"
        super().__init__(INVALID_CREDENTIALS, message)
