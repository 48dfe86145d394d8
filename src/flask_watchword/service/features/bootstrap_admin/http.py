"""/setup: create the first administrator, with the code that the service prints at its start."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec
from flask import Response

from flask_watchword.accounts.errors import (
    EMAIL_TAKEN,
    INVALID_CODE,
    INVALID_FIELD,
    LOGIN_BUSY,
    TOO_MANY_TRIES,
    Rejected,
)
from flask_watchword.accounts.one_time_codes import InvalidCode
from flask_watchword.accounts.password_policy import UnacceptablePassword
from flask_watchword.accounts.shared_limits import new_password_hits, one_time_code_hits
from flask_watchword.service.access import PUBLIC
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import Content, endpoint
from flask_watchword.service.error_codes import NOT_FOUND
from flask_watchword.service.features.bootstrap_admin import flow
from flask_watchword.service.fields import Code, Email, Password
from flask_watchword.service.hashing import hashing_share
from flask_watchword.service.rate_limiting import counting_failures
from flask_watchword.service.responses import json_response, public_response, with_page_policy

_PAGE = "flask_watchword.service.features.bootstrap_admin.page"
_PARTS: Mapping[str, str] = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_HTML = "text/html"


class Setup(msgspec.Struct, forbid_unknown_fields=True):
    """The code from the link, and the first admin's address and password."""

    code: Code
    email: Email
    password: Password


class SetupCode(msgspec.Struct, forbid_unknown_fields=True):
    """The code from the link."""

    code: Code


class SetupForm(msgspec.Struct):
    """The rules of the form.

    Attributes:
        min_password_characters: minimum length of the password.
    """

    min_password_characters: int


class FirstAdmin(msgspec.Struct):
    """The first admin.

    Attributes:
        id: the user's id.
        email: the user's e-mail address.
    """

    id: str
    email: str


@endpoint(
    "GET",
    "/setup",
    summary="Show the page that creates the first admin",
    access=PUBLIC,
    responses={200: Content(_HTML), 304: None},
    needs_stores=False,
)
def setup_page(_context: ServiceContext) -> Response:
    """Respond with the page, which shows its form once the code of the link is accepted."""
    return with_page_policy(public_response(_file("page.html"), _HTML))


@endpoint(
    "GET",
    "/setup/files/<part>",
    summary="Return a file of the page at /setup",
    access=PUBLIC,
    responses={200: tuple(map(Content, _PARTS.values())), 304: None},
    errors=(NOT_FOUND,),
    needs_stores=False,
)
def setup_part(_context: ServiceContext, part: str) -> Response:
    """Respond with a script, a style sheet or an image."""
    media_type = _PARTS.get(part)
    if media_type is None:
        raise Rejected(NOT_FOUND, "There is nothing at this path")
    return with_page_policy(public_response(_file(part), media_type))


@endpoint(
    "POST",
    "/setup/check",
    summary="Check whether a code can create the first admin",
    access=PUBLIC,
    body=SetupCode,
    responses={200: SetupForm},
    errors=(INVALID_CODE, TOO_MANY_TRIES),
)
def check_setup_code(context: ServiceContext, body: SetupCode) -> Response:
    """Respond 200 while the code is valid and there is no administrator; the code stays valid."""
    with counting_failures(
        context, one_time_code_hits(context.limits, context.client_address), InvalidCode
    ):
        flow.check_setup(context.accounts, body.code)
    return json_response(SetupForm(context.settings.min_password_characters))


@endpoint(
    "POST",
    "/setup",
    summary="Create the first admin with the code from the link that is printed at the start",
    access=PUBLIC,
    body=Setup,
    responses={201: FirstAdmin},
    errors=(INVALID_CODE, EMAIL_TAKEN, INVALID_FIELD, TOO_MANY_TRIES, LOGIN_BUSY),
)
def set_up(context: ServiceContext, body: Setup) -> Response:
    """Respond 201, and start no session: the administrator logs in like every user."""
    limits, address = context.limits, context.client_address
    with (
        hashing_share(context),
        counting_failures(context, one_time_code_hits(limits, address), InvalidCode),
        counting_failures(context, new_password_hits(limits, address), UnacceptablePassword),
    ):
        user = flow.create_admin(context.accounts, body.code, body.email, body.password)
    return json_response(FirstAdmin(user.id, user.email), 201)


@cache
def _file(name: str) -> bytes:
    return files(_PAGE).joinpath(name).read_bytes()
