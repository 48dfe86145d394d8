"""/setup: make the first admin, by the code of the link that the service prints at its start."""

from collections.abc import Mapping
from importlib.resources import files

import msgspec
from flask import Response, abort

from flask_watchword.accounts.audit import Event
from flask_watchword.accounts.one_time_codes import InvalidCode
from flask_watchword.accounts.password_policy import UnacceptablePassword
from flask_watchword.accounts.users import User
from flask_watchword.service.access import PUBLIC
from flask_watchword.service.account_transactions import do
from flask_watchword.service.audit_events import event
from flask_watchword.service.client_address import client
from flask_watchword.service.context import service_context
from flask_watchword.service.endpoint import Content, endpoint
from flask_watchword.service.features.bootstrap_admin.flow import check_setup
from flask_watchword.service.features.bootstrap_admin.flow import set_up as set_up_account
from flask_watchword.service.fields import Code, Email, Password
from flask_watchword.service.hashing import hashing_share
from flask_watchword.service.rate_limiting import counting_failures
from flask_watchword.service.responses import json_response, page_policy, published

_PAGE = "flask_watchword.service.features.bootstrap_admin.page"
_PARTS: Mapping[str, str] = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_HTML = "text/html"


class Setup(msgspec.Struct, forbid_unknown_fields=True):
    """The code of the link, and what the first admin logs in with."""

    code: Code
    email: Email
    password: Password


class SetupCode(msgspec.Struct, forbid_unknown_fields=True):
    """The code of the link."""

    code: Code


class SetupForm(msgspec.Struct):
    """What the form asks for.

    Attributes:
        min_password_characters: least length of the password.
    """

    min_password_characters: int


class FirstAdmin(msgspec.Struct):
    """Who administers from now on.

    Attributes:
        id: the user's.
        email: the user's.
    """

    id: str
    email: str


@endpoint(
    "GET",
    "/setup",
    summary="Show a form to make the first admin with",
    guard=PUBLIC,
    answers={200: Content(_HTML), 304: None},
    needs_stores=False,
)
def setup_page() -> Response:
    """Answer with the page, which shows its form once the code of the link is found to be good."""
    return page_policy(published(_file("page.html"), _HTML))


@endpoint(
    "GET",
    "/setup/files/<part>",
    summary="Give what the page at /setup consists of",
    guard=PUBLIC,
    answers={200: tuple(map(Content, _PARTS.values())), 304: None},
    refusals={404: ("not_found",)},
    needs_stores=False,
)
def setup_part(part: str) -> Response:
    """Answer with the script or the style."""
    media_type = _PARTS.get(part)
    if media_type is None:
        abort(404)
    return page_policy(published(_file(part), media_type))


@endpoint(
    "POST",
    "/setup/check",
    summary="Tell whether the first admin can be made by a code",
    guard=PUBLIC,
    body=SetupCode,
    answers={200: SetupForm},
    refusals={400: ("invalid_code",), 429: ("too_many_tries",)},
)
def check_setup_code(body: SetupCode) -> Response:
    """Answer 200 while the code is good and there is no admin; the code stays good."""
    parts = service_context()
    with counting_failures(parts.limits.one_time_code(client().address), InvalidCode):
        check_setup(parts.accounts, body.code)
    return json_response(SetupForm(parts.settings.min_password_characters))


@endpoint(
    "POST",
    "/setup",
    summary="Make the first admin, by the code of the link that is printed at the start",
    guard=PUBLIC,
    body=Setup,
    answers={201: FirstAdmin},
    refusals={
        400: ("invalid_code",),
        409: ("email_taken",),
        422: ("invalid_field",),
        429: ("too_many_tries",),
        503: ("login_busy",),
    },
)
def set_up(body: Setup) -> Response:
    """Answer 201, and sign nobody in: the admin logs in like everybody."""
    limits, address = service_context().limits, client().address
    with (
        hashing_share(),
        counting_failures(limits.one_time_code(address), InvalidCode),
        counting_failures(limits.new_password(address), UnacceptablePassword),
    ):
        user = do(lambda a: set_up_account(a, body.code, body.email, body.password), _event)
    return json_response(FirstAdmin(user.id, user.email), 201)


def _event(user: User) -> Event:
    return event("set_up", user.id)


def _file(name: str) -> bytes:
    return files(_PAGE).joinpath(name).read_bytes()
