"""POST /admin/users/<id>/password-reset: e-mail a user a code that resets the password."""

from flask import Response

from flask_watchword.accounts.errors import USER_NOT_FOUND, ErrorCode, Rejected
from flask_watchword.service.access import RECENT_ADMIN
from flask_watchword.service.administrator import administrator, user_of
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.features.admin_users import flow
from flask_watchword.service.responses import Message, json_response

#: Unlike the code of a token, this is about the user in the path.
USER_IS_DISABLED = ErrorCode("user_disabled", 409, "The user is disabled and gets no e-mail.")


@endpoint(
    "POST",
    "/admin/users/<user_id>/password-reset",
    summary="Send a user a code that resets the password, and end all sessions",
    access=RECENT_ADMIN,
    responses={202: Message},
    errors=(USER_NOT_FOUND, USER_IS_DISABLED),
)
def send_reset(context: ServiceContext, user_id: str) -> Response:
    """Respond 202; the current password stays valid until the code is used."""
    user = user_of(context, user_id)
    if user.is_disabled:
        raise Rejected(USER_IS_DISABLED, "The user is disabled, and gets no e-mail")
    flow.send_password_reset(context.accounts, administrator(), user)
    return json_response(Message("An e-mail is on its way to the user"), 202)
