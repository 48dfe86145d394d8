"""Every decorator works with and without parentheses, and keeps the type of the view."""

from collections.abc import Callable
from typing import Any, assert_type

import pytest

import flask_watchword
from flask_watchword import (
    fresh_jwt_required,
    fresh_required,
    jwt_expired_token_required,
    jwt_optional,
    jwt_refresh_token_required,
    jwt_required,
    roles_required,
    scopes_required,
)
from flask_watchword.extension.verification.route_metadata import protections_of
from tests.extension.public_names import PUBLIC_NAMES

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

BARE_OR_CALLED: dict[str, str] = {
    "fresh_jwt_required": "jwt_required(fresh=True)",
    "fresh_required": "fresh_required()",
    "jwt_expired_token_required": "jwt_expired_token_required()",
    "jwt_optional": "jwt_required(optional=True)",
    "jwt_refresh_token_required": "jwt_required(refresh=True)",
    "jwt_required": "jwt_required()",
}
#: Decorators that require arguments.
NEED_NAMES = {"roles_required", "scopes_required"}


def order(number: int, *, full: bool = False) -> str:
    return f"{number} {full}"


def test_every_decorator_is_listed_here() -> None:
    decorators = {
        name
        for name in PUBLIC_NAMES
        if name.endswith(("required", "optional")) and not name.startswith("verify")
    }
    assert decorators == BARE_OR_CALLED.keys() | NEED_NAMES


@pytest.mark.parametrize("name", BARE_OR_CALLED)
@pytest.mark.parametrize("called", [False, True], ids=["bare", "called"])
def test_decorator_protects_the_view_in_both_forms(name: str, *, called: bool) -> None:
    decorator: Callable[..., Any] = getattr(flask_watchword, name)
    view = decorator()(order) if called else decorator(order)
    assert [one.text for one in protections_of(view)] == [BARE_OR_CALLED[name]]
    assert view.__wrapped__ is order


def only_checked_by_mypy() -> None:
    """Check the types: for an untyped decorator mypy reports the first comment as unused."""
    assert_type(jwt_required(order)(1, full=True), str)
    assert_type(jwt_required()(order)(1, full=True), str)
    jwt_required(order)("1")  # type: ignore[arg-type]
    jwt_required(fresh=True)(order)("1")  # type: ignore[arg-type]

    assert_type(jwt_expired_token_required(order)(1), str)
    assert_type(jwt_expired_token_required()(order)(1), str)
    assert_type(jwt_expired_token_required(refresh=True)(order)(1), str)
    jwt_expired_token_required(order)("1")  # type: ignore[arg-type]

    assert_type(fresh_required(order)(1), str)
    assert_type(fresh_required()(order)(1), str)
    assert_type(fresh_required(max_age=300)(order)(1), str)
    fresh_required(max_age=None)  # type: ignore[call-overload]

    assert_type(jwt_optional(order)(1), str)
    assert_type(jwt_optional()(order)(1), str)
    assert_type(fresh_jwt_required(order)(1), str)
    assert_type(fresh_jwt_required()(order)(1), str)
    assert_type(jwt_refresh_token_required(order)(1), str)
    assert_type(jwt_refresh_token_required()(order)(1), str)
    jwt_optional(order)("1")  # type: ignore[arg-type]
    fresh_jwt_required(order)("1")  # type: ignore[arg-type]
    jwt_refresh_token_required(order)("1")  # type: ignore[arg-type]

    assert_type(roles_required("admin")(order)(1), str)
    assert_type(scopes_required("orders:read")(order)(1), str)
    roles_required(order)  # type: ignore[arg-type]
    scopes_required(order)  # type: ignore[arg-type]
