"""What the commands that change accounts have in common: they do what an admin does over HTTP."""

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from flask_watchword.cli.failures import Code, Failure
from flask_watchword.cli.schema_check import refuse_other_schema
from flask_watchword.cli.store_failures import one_line_store_failures

if TYPE_CHECKING:
    from flask_watchword.accounts.users import User
    from flask_watchword.service.context import ServiceContext
    from flask_watchword.service.features.admin_users.flow import Administrator

#: Who did it, as the audit log has it.
ACTOR = "command line"

#: Of every command about one user: the address, or the id that the address may change around.
user_argument: Callable[[Callable[..., Any]], Callable[..., Any]] = click.argument(
    "who", metavar="EMAIL|ID"
)


@contextlib.contextmanager
def administering(database: str | None) -> Iterator["ServiceContext"]:
    """Lend the parts of a service over a database, in the context of its application.

    What cannot be done ends the command with one line.
    """
    with one_line_store_failures():
        # Here and not above: these bring Flask and SQLAlchemy.
        from flask_watchword.accounts.admins import LastAdmin, NoSuchUser
        from flask_watchword.accounts.users import InvalidName
        from flask_watchword.service.app import create_app
        from flask_watchword.service.configuration.loading import environment, read_settings
        from flask_watchword.service.context import service_context
        from flask_watchword.service.stores import opened_stores

        settings = read_settings(environment(), database=database)
        refuse_other_schema(settings.database)
        try:
            with (
                opened_stores(settings) as stores,
                create_app(settings, stores=stores).app_context(),
            ):
                yield service_context()
        except LastAdmin as error:
            raise Failure(
                Code.LAST_ADMIN, "nobody could administer any more", "make another user admin first"
            ) from error
        except NoSuchUser as error:
            raise Failure(Code.NO_SUCH_USER, "there is no such user any more") from error
        except InvalidName as error:
            raise Failure(Code.INVALID_NAME, str(error)) from error


def administrator() -> "Administrator":
    """Return who administers by a command."""
    from flask_watchword.service.features.admin_users.flow import Administrator

    return Administrator(ACTOR)


def user_of(parts: "ServiceContext", who: str) -> "User":
    """Return the user with an address or an id; end the command where there is none."""
    from flask_watchword.accounts.emails import email_key

    user = parts.stores.users.by_email(email_key(who)) or parts.stores.users.by_id(who)
    if user is None:
        raise Failure(Code.NO_SUCH_USER, f"there is no user {who!r}", "see: watchword user list")
    return user
