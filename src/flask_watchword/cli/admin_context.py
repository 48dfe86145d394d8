"""Shared setup of the commands that change accounts: they act as an admin does over HTTP."""

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from flask_watchword.cli.failures import Code, Failure
from flask_watchword.cli.schema_check import require_current_schema
from flask_watchword.cli.store_failures import one_line_store_failures

if TYPE_CHECKING:
    from flask_watchword.accounts.users import User
    from flask_watchword.service.context import ServiceContext

#: The actor that the audit log records.
ACTOR = "command line"

#: The user a command acts on: an e-mail address, or the id, which stays when the address changes.
user_argument: Callable[[Callable[..., Any]], Callable[..., Any]] = click.argument(
    "email_or_id", metavar="EMAIL|ID"
)


@contextlib.contextmanager
def admin_context(database: str | None) -> Iterator["ServiceContext"]:
    """Provide the service context of an application over a database, inside its app context.

    An error ends the command with one line.
    """
    with one_line_store_failures():
        # Imported here because these load Flask and SQLAlchemy.
        from flask_watchword.accounts.admins import LastAdmin, NoSuchUser
        from flask_watchword.accounts.users import InvalidName
        from flask_watchword.service.app import create_app
        from flask_watchword.service.context import service_context
        from flask_watchword.service.load_settings import environment, read_settings
        from flask_watchword.service.stores import opened_stores

        settings = read_settings(environment(), database=database)
        require_current_schema(settings.database)
        try:
            with (
                opened_stores(settings) as stores,
                create_app(settings, stores=stores).app_context(),
            ):
                yield service_context()
        except LastAdmin as error:
            raise Failure(
                Code.LAST_ADMIN, "this is the last admin", "make another user admin first"
            ) from error
        except NoSuchUser as error:
            raise Failure(Code.NO_SUCH_USER, "the user no longer exists") from error
        except InvalidName as error:
            raise Failure(Code.INVALID_NAME, str(error)) from error


def find_user(context: "ServiceContext", email_or_id: str) -> "User":
    """Return the user with an e-mail address or an id; end the command if there is none."""
    from flask_watchword.accounts.emails import email_key

    users = context.stores.users
    user = users.by_email(email_key(email_or_id)) or users.by_id(email_or_id)
    if user is None:
        raise Failure(
            Code.NO_SUCH_USER, f"there is no user {email_or_id!r}", "see: watchword user list"
        )
    return user
