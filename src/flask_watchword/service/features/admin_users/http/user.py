"""GET, PATCH and DELETE /admin/users/<id>: show, change and delete a user."""

import msgspec
from flask import Response

from flask_watchword.accounts.errors import LAST_ADMIN, USER_NOT_FOUND
from flask_watchword.service.access import ADMIN, RECENT_ADMIN
from flask_watchword.service.administrator import administrator, user_of
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.features.admin_users import flow
from flask_watchword.service.features.admin_users.flow import UserChange
from flask_watchword.service.features.admin_users.http.user_response import Names, UserResponse
from flask_watchword.service.features.delete_account.flow import delete_user as delete_user_account
from flask_watchword.service.responses import json_response, no_content

_ERRORS = (USER_NOT_FOUND, LAST_ADMIN)


class Change(msgspec.Struct, forbid_unknown_fields=True):
    """The changes; fields that are missing or null stay as they are.

    Attributes:
        roles: the user's new roles.
        scopes: the user's new scopes.
        disabled: whether the user is disabled.
    """

    roles: Names | None = None
    scopes: Names | None = None
    disabled: bool | None = None


@endpoint(
    "GET",
    "/admin/users/<user_id>",
    summary="Return a user",
    access=ADMIN,
    responses={200: UserResponse},
    errors=(USER_NOT_FOUND,),
)
def show_user(context: ServiceContext, user_id: str) -> Response:
    """Respond with a user."""
    return json_response(UserResponse.of(user_of(context, user_id)))


@endpoint(
    "PATCH",
    "/admin/users/<user_id>",
    summary="Change a user's roles or scopes, disable or enable the user",
    access=RECENT_ADMIN,
    body=Change,
    responses={200: UserResponse},
    errors=_ERRORS,
)
def change_user(context: ServiceContext, user_id: str, body: Change) -> Response:
    """Respond with the changed user; a disabled user is rejected everywhere from now on."""
    change = UserChange(
        roles=None if body.roles is None else frozenset(body.roles),
        scopes=None if body.scopes is None else frozenset(body.scopes),
        disabled=body.disabled,
    )
    user = user_of(context, user_id)
    changed = flow.change_user(context.accounts, administrator(), user, change)
    return json_response(UserResponse.of(changed))


@endpoint(
    "DELETE",
    "/admin/users/<user_id>",
    summary="Delete a user permanently",
    access=RECENT_ADMIN,
    responses={204: None},
    errors=_ERRORS,
)
def delete_user(context: ServiceContext, user_id: str) -> Response:
    """Respond 204; the account, codes, second factor, tokens and sessions are deleted."""
    user = user_of(context, user_id)
    delete_user_account(context.accounts, user.id, actor=administrator())
    return no_content()
