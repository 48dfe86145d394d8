"""DELETE /me: delete the account of the current user."""

from flask import Response

from flask_watchword.accounts.admins import NoSuchUser
from flask_watchword.accounts.errors import LAST_ADMIN, Rejected
from flask_watchword.service.access import ACCESS
from flask_watchword.service.authentication.confirmation import (
    CONFIRMATION_ERRORS,
    Confirmation,
    second_factor_verified,
)
from flask_watchword.service.authentication.reauthentication import reauthenticated_user
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.cookies import clear_own_cookies
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.error_codes import USER_GONE
from flask_watchword.service.features.delete_account.flow import delete_user
from flask_watchword.service.responses import no_content


@endpoint(
    "DELETE",
    "/me",
    summary="Delete the user's account permanently",
    access=ACCESS,
    body=Confirmation,
    responses={204: None},
    errors=(USER_GONE, *CONFIRMATION_ERRORS, LAST_ADMIN),
)
def delete_account(context: ServiceContext, body: Confirmation) -> Response:
    """Respond 204; the account, codes, second factor, tokens and sessions are deleted."""
    user_id = reauthenticated_user(context, body.password).id
    confirmation = second_factor_verified(context, user_id, body)
    try:
        delete_user(context.accounts, user_id, confirmation=confirmation)
    except NoSuchUser as error:
        raise Rejected(USER_GONE) from error
    return clear_own_cookies(no_content())
