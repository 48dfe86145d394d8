"""The user of the current token, as the store says now."""

from flask import abort

from flask_watchword.accounts.users import User
from flask_watchword.extension.verification.current import get_jwt_identity
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.tokens import user_disabled, user_gone


def current_user(context: ServiceContext) -> User:
    """Return the user of the current token; end the request with 401 where they are refused."""
    user = context.stores.users.by_id(get_jwt_identity())
    if user is None:
        abort(user_gone())
    if user.is_disabled:
        abort(user_disabled())
    return user
