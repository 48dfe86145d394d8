"""GET, PATCH and DELETE /admin/users/<id>: one user, and what becomes of them."""

import msgspec
from flask import Response

from flask_watchword.service.access import ADMIN, RECENT_ADMIN
from flask_watchword.service.administrator import administrator, user_of
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.features.admin_users import changes as user_changes
from flask_watchword.service.features.admin_users.flow import UserChange
from flask_watchword.service.features.admin_users.http.shown_user import Names, ShownUser
from flask_watchword.service.responses import json_response, no_content

_REFUSALS = {404: ("user_not_found",), 409: ("last_admin",)}


class Change(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be otherwise; what is left out or null stays.

    Attributes:
        roles: these and no others.
        scopes: these and no others.
        disabled: whether the user is refused everywhere.
    """

    roles: Names | None = None
    scopes: Names | None = None
    disabled: bool | None = None


@endpoint(
    "GET",
    "/admin/users/<user_id>",
    summary="Show one user",
    guard=ADMIN,
    answers={200: ShownUser},
    refusals={404: ("user_not_found",)},
)
def show_user(user_id: str) -> Response:
    """Answer with a user."""
    return json_response(ShownUser.of(user_of(user_id)))


@endpoint(
    "PATCH",
    "/admin/users/<user_id>",
    summary="Give a user other roles or scopes, disable or enable them",
    guard=RECENT_ADMIN,
    body=Change,
    answers={200: ShownUser},
    refusals=_REFUSALS,
)
def change_user(user_id: str, body: Change) -> Response:
    """Answer with the user as they are then; whoever is disabled is refused from now on."""
    change = UserChange(
        roles=None if body.roles is None else frozenset(body.roles),
        scopes=None if body.scopes is None else frozenset(body.scopes),
        disabled=body.disabled,
    )
    changed = user_changes.change_user(administrator(), user_of(user_id), change)
    return json_response(ShownUser.of(changed))


@endpoint(
    "DELETE",
    "/admin/users/<user_id>",
    summary="Delete a user, for good",
    guard=RECENT_ADMIN,
    answers={204: None},
    refusals=_REFUSALS,
)
def delete_user(user_id: str) -> Response:
    """Answer 204; account, codes, second factor, tokens and sessions are gone."""
    user_changes.delete_user(administrator(), user_of(user_id))
    return no_content()
