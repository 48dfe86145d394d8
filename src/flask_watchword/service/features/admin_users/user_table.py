"""Print accounts: a table on a terminal, tab-separated lines in a pipe, or JSON."""

from collections.abc import Iterator
from typing import Any

from flask_watchword.accounts.user_store import UserStore
from flask_watchword.accounts.users import User
from flask_watchword.cli.output import format_time, print_object, print_rows

#: Users that are read at once.
_PAGE = 2_000


def show_users(users: UserStore, *, search: str = "", as_json: bool = False) -> None:
    """Print every account whose case-folded address contains a text."""
    found = _pages(users, search)
    if as_json:
        for user in found:
            print_object(members_of(user))
    else:
        rows = ((user.email, format_time(user.created_at), user.id) for user in found)
        print_rows(("E-mail", "Added", "Id"), rows)


def members_of(user: User) -> dict[str, Any]:
    """Return a user as JSON members, without secrets. Timestamps are in seconds."""
    return {
        "id": user.id,
        "email": user.email,
        "created_at": user.created_at,
        "email_verified_at": user.email_verified_at,
        "password_changed_at": user.password_changed_at,
        "disabled_at": user.disabled_at,
        "roles": sorted(user.roles),
        "scopes": sorted(user.scopes),
    }


def show_user(user: User) -> None:
    """Print a user, one line for each attribute."""
    rows = [(name, _text(name, value)) for name, value in members_of(user).items()]
    print_rows(("Attribute", "Value"), rows)


def _text(name: str, value: Any) -> str:
    if name.endswith("_at"):
        return format_time(value)
    return " ".join(value) if isinstance(value, list) else str(value)


def _pages(users: UserStore, search: str) -> Iterator[User]:
    page = users.page(limit=_PAGE, search=search)
    while page:
        yield from page
        page = users.page(after=page[-1].email_key, limit=_PAGE, search=search)
