"""POST /logout: end the current session."""

from flask import Response

from flask_watchword.extension.verification.current import get_jwt, get_jwt_identity
from flask_watchword.service.access import SESSION
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.cookies import clear_own_cookies
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.responses import no_content


@endpoint(
    "POST",
    "/logout",
    summary="Log out: end this session, with its access or refresh token",
    access=SESSION,
    responses={204: None},
)
def logout(context: ServiceContext) -> Response:
    """Respond 204; every token of the session is rejected from now on.

    A refresh token is accepted too, because the access token of a user who comes back after an
    hour has expired.
    """
    subject, session = get_jwt_identity(), get_jwt().get("sid")
    if context.sessions.end():
        context.audit("logout", subject, session)
    return clear_own_cookies(no_content())
