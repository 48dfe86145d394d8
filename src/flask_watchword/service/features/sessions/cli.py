"""``watchword session``: where users are logged in."""

from typing import TYPE_CHECKING, Any

import click

from flask_watchword.cli.admin_context import (
    administering,
    administrator,
    user_argument,
    user_of,
)
from flask_watchword.cli.failures import Code, Failure
from flask_watchword.cli.options import database_option
from flask_watchword.cli.output import (
    counted,
    json_option,
    print_done,
    print_object,
    print_rows,
    shown,
)

if TYPE_CHECKING:
    from flask_watchword.service.context import ServiceContext
    from flask_watchword.sessions.listed import ListedSession


@click.group()
def session() -> None:
    """List and end the sessions of a user."""


@session.command("list")
@user_argument
@database_option
@json_option
def list_sessions(who: str, database: str | None, as_json: bool) -> None:
    """List where a user is logged in, what was used last first."""
    with administering(database) as parts:
        found = parts.sessions.list(user_of(parts, who).id)
    if as_json:
        for one in found:
            print_object(_members(one))
        return
    columns = ("Session", "Logged in", "Last seen", "Address", "Agent")
    print_rows(
        columns,
        [
            (one.id, shown(one.started_at), shown(one.last_seen_at), one.address, one.agent)
            for one in found
        ],
    )


@session.command()
@user_argument
@click.argument("session_id", required=False)
@click.option("--all", "every", is_flag=True, help="End all of them.")
@database_option
@json_option
def end(who: str, session_id: str | None, every: bool, database: str | None, as_json: bool) -> None:
    """End one session of a user, or all: every token of it is refused from now on."""
    if session_id is None and not every:
        raise click.UsageError("name a session, or give --all")
    if session_id is not None and every:
        raise click.UsageError("name a session or give --all, not both")
    with administering(database) as parts:
        user = user_of(parts, who)
        if session_id is None:
            ended = parts.sessions.end_all(user.id)
            _record(parts, "sessions_ended", user.id, ended)
            told = {"user_id": user.id, "ended": ended}
            print_done(f"Ended {counted(ended, 'session')} of {user.email}.", told, as_json=as_json)
            return
        if not parts.sessions.end(session_id, subject=user.id):
            raise Failure(Code.NO_SUCH_SESSION, f"{user.email} has no such session")
        _record(parts, "session_ended", user.id, session_id)
        told = {"user_id": user.id, "ended": 1}
        print_done(f"The session {session_id} of {user.email} has ended.", told, as_json=as_json)


def _record(parts: "ServiceContext", name: str, user_id: str, ended: int | str) -> None:
    from flask_watchword.clock import system_clock

    told = administrator().event(name, system_clock(), user_id, ended=ended)
    parts.stores.accounts.stores.audit.append([told])


def _members(one: "ListedSession") -> dict[str, Any]:
    # By the names of GET /sessions. Moments are seconds, as of users.
    return {
        "id": one.id,
        "created_at": one.started_at,
        "last_seen_at": one.last_seen_at,
        "expires_at": one.expires_at,
        "address": one.address,
        "agent": one.agent,
        "elsewhere": _elsewhere(one),
    }


def _elsewhere(one: "ListedSession") -> dict[str, Any] | None:
    if one.elsewhere_at is None:
        return None
    at, address, agent = one.elsewhere_at, one.elsewhere_address, one.elsewhere_agent
    return {"at": at, "address": address, "agent": agent}
