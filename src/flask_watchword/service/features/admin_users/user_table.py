"""Show accounts: a table on a terminal, lines for other programs, JSON where it is asked for."""

from collections.abc import Iterator
from typing import Any

from flask_watchword.accounts.user_store import UserStore
from flask_watchword.accounts.users import User
from flask_watchword.cli.output import print_object, print_rows, shown


def show_users(users: UserStore, *, search: str = "", as_json: bool = False) -> None:
    """Print every account of the store whose key holds a text."""
    found = _every(users, search)
    if as_json:
        for user in found:
            print_object(members_of(user))
    else:
        rows = ((user.email, shown(user.created_at), user.id) for user in found)
        print_rows(("E-mail", "Added", "Id"), rows)


def members_of(user: User) -> dict[str, Any]:
    """Return what is known of a user, but for what is secret. Moments are seconds."""
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
    """Print what is known of a user, a line each."""
    print_rows(("What", ""), [(name, _text(name, told)) for name, told in members_of(user).items()])


def _text(name: str, value: Any) -> str:
    if name.endswith("_at"):
        return shown(value)
    return " ".join(value) if isinstance(value, list) else str(value)


def _every(users: UserStore, search: str) -> Iterator[User]:
    page = users.page(search=search)
    while page:
        yield from page
        page = users.page(after=page[-1].email_key, search=search)
