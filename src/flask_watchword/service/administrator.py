"""Who administers in the current request, and what goes wrong when they do."""

from flask import Blueprint, Response, abort

from flask_watchword.accounts.administration import Administrator
from flask_watchword.accounts.removal import LastAdmin, NoSuchUser
from flask_watchword.accounts.store import EmailTaken
from flask_watchword.accounts.users import InvalidName, User
from flask_watchword.extension.current import get_jwt_identity
from flask_watchword.service.answers import refusal
from flask_watchword.service.audit_events import current_session
from flask_watchword.service.client import client
from flask_watchword.service.components import components


def administrator() -> Administrator:
    """Return the admin whose token this request has, as the audit log has them."""
    sender = client()
    return Administrator(get_jwt_identity(), current_session(), sender.address, sender.agent)


def user_of(user_id: str) -> User:
    """Return the user that a path names; end the request with 404 where there is none."""
    user = components().stores.users.by_id(user_id)
    if user is None:
        abort(_no_such_user(NoSuchUser()))
    return user


def install_admin_refusals(api: Blueprint) -> None:
    """Answer what administering refuses, from whichever endpoint of a blueprint it comes."""
    api.register_error_handler(NoSuchUser, _no_such_user)
    api.register_error_handler(LastAdmin, _last_admin)
    api.register_error_handler(EmailTaken, _email_taken)
    api.register_error_handler(InvalidName, _invalid_name)


def _no_such_user(_error: NoSuchUser) -> Response:
    return refusal(404, "There is no such user", "user_not_found")


def _last_admin(_error: LastAdmin) -> Response:
    return refusal(409, "Somebody has to administer: make another user admin", "last_admin")


def _email_taken(_error: EmailTaken) -> Response:
    return refusal(409, "There is an account with this address already", "email_taken")


def _invalid_name(error: InvalidName) -> Response:
    return refusal(422, f"A role or a scope is refused: {error}", "invalid_field")
