"""GET and POST /admin/users: search users, and invite a user."""

import secrets
from dataclasses import replace
from typing import Annotated

import msgspec
from flask import Response

from flask_watchword.accounts.errors import EMAIL_TAKEN, LOGIN_BUSY
from flask_watchword.accounts.users import new_user
from flask_watchword.clock import system_clock
from flask_watchword.service.access import ADMIN, RECENT_ADMIN
from flask_watchword.service.administrator import administrator
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.features.admin_users.flow import invite_user
from flask_watchword.service.features.admin_users.http.user_response import Names, UserResponse
from flask_watchword.service.fields import Email
from flask_watchword.service.responses import json_response


class UserQuery(msgspec.Struct, forbid_unknown_fields=True):
    """The search for users.

    Attributes:
        search: a part of the e-mail address; its beginning, if it is one or two
            characters long.
        after: the ``next`` of the previous page.
        limit: maximum number of results.
    """

    search: Email = ""
    after: Email = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100


class Users(msgspec.Struct):
    """A page of users, sorted by e-mail address.

    Attributes:
        users: the users.
        next: the ``after`` of the next page; null on the last page.
    """

    users: list[UserResponse]
    next: str | None


class Invitation(msgspec.Struct, forbid_unknown_fields=True):
    """The user to invite, who chooses a password with a code from an e-mail."""

    email: Email
    roles: Names = []
    scopes: Names = []


@endpoint(
    "GET",
    "/admin/users",
    summary="Search users by a part of their e-mail address, in pages",
    access=ADMIN,
    query=UserQuery,
    responses={200: Users},
)
def list_users(context: ServiceContext, query: UserQuery) -> Response:
    """Respond with a page of users."""
    # One more than the page holds shows whether there is a next page.
    found = context.stores.users.page(query.after, query.limit + 1, query.search.strip().casefold())
    shown, more = found[: query.limit], len(found) > query.limit
    return json_response(
        Users([UserResponse.of(u) for u in shown], shown[-1].email_key if more else None)
    )


@endpoint(
    "POST",
    "/admin/users",
    summary="Invite a user, who chooses a password with a code from an e-mail",
    access=RECENT_ADMIN,
    body=Invitation,
    responses={201: UserResponse},
    errors=(EMAIL_TAKEN, LOGIN_BUSY),
)
def invite(context: ServiceContext, body: Invitation) -> Response:
    """Respond with the user, who has no usable password until they choose one."""
    password_hash = context.passwords.hash(secrets.token_urlsafe(32))
    user = replace(
        new_user(body.email, password_hash, system_clock()),
        roles=frozenset(body.roles),
        scopes=frozenset(body.scopes),
    )
    context.transaction(lambda tx: invite_user(tx, administrator(), user))
    return json_response(UserResponse.of(user), 201)
