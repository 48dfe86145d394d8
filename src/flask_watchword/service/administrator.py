"""Who administers in the current request, and what goes wrong when they do."""

from flask import Blueprint, Response, abort

from flask_watchword.accounts.admins import LastAdmin, NoSuchUser
from flask_watchword.accounts.user_store import EmailTaken
from flask_watchword.accounts.users import InvalidName, User
from flask_watchword.extension.verification.current import get_jwt_identity
from flask_watchword.service.audit_events import current_session
from flask_watchword.service.client_address import client
from flask_watchword.service.context import service_context
from flask_watchword.service.features.admin_users.flow import Administrator
from flask_watchword.service.responses import error_response


def administrator() -> Administrator:
    """Return the admin whose token this request has, as the audit log has them."""
    sender = client()
    return Administrator(get_jwt_identity(), current_session(), sender.address, sender.agent)


def user_of(user_id: str) -> User:
    """Return the user that a path names; end the request with 404 where there is none."""
    user = service_context().stores.users.by_id(user_id)
    if user is None:
        abort(_no_such_user(NoSuchUser()))
    return user


def install_admin_error_handlers(api: Blueprint) -> None:
    """Answer what administering refuses, from whichever endpoint of a blueprint it comes."""
    api.register_error_handler(NoSuchUser, _no_such_user)
    api.register_error_handler(LastAdmin, _last_admin)
    api.register_error_handler(EmailTaken, _email_taken)
    api.register_error_handler(InvalidName, _invalid_name)


def _no_such_user(_error: NoSuchUser) -> Response:
    return error_response(404, "There is no such user", "user_not_found")


def _last_admin(_error: LastAdmin) -> Response:
    return error_response(409, "Somebody has to administer: make another user admin", "last_admin")


def _email_taken(_error: EmailTaken) -> Response:
    return error_response(409, "There is an account with this address already", "email_taken")


def _invalid_name(error: InvalidName) -> Response:
    return error_response(422, f"A role or a scope is refused: {error}", "invalid_field")
