"""``watchword session``: list and end the sessions of a user."""

from typing import TYPE_CHECKING, Any

import click

from flask_watchword.cli.admin_context import (
    ACTOR,
    admin_context,
    find_user,
    user_argument,
)
from flask_watchword.cli.failures import Code, Failure
from flask_watchword.cli.options import ID_MAY_BEGIN_WITH_HYPHEN, database_option
from flask_watchword.cli.output import (
    counted,
    format_time,
    json_option,
    print_object,
    print_outcome,
    print_rows,
)

if TYPE_CHECKING:
    from flask_watchword.sessions.listed import ListedSession


@click.group()
def session() -> None:
    """List and end the sessions of a user."""


@session.command("list")
@user_argument
@database_option
@json_option
def list_sessions(email_or_id: str, database: str | None, as_json: bool) -> None:
    """List a user's sessions, the most recently used first."""
    with admin_context(database) as context:
        found = context.sessions.list(find_user(context, email_or_id).id)
    if as_json:
        for one in found:
            print_object(_members(one))
        return
    columns = ("Session", "Logged in", "Last seen", "Address", "Agent")
    print_rows(
        columns,
        [
            (
                one.id,
                format_time(one.started_at),
                format_time(one.last_seen_at),
                one.address,
                one.agent,
            )
            for one in found
        ],
    )


@session.command(context_settings=ID_MAY_BEGIN_WITH_HYPHEN)
@user_argument
@click.argument("session_id", required=False)
@click.option("--all", "every", is_flag=True, help="End all of them.")
@database_option
@json_option
def end(
    email_or_id: str, session_id: str | None, every: bool, database: str | None, as_json: bool
) -> None:
    """End one session of a user, or all: its tokens are rejected at once."""
    if session_id is None and not every:
        raise click.UsageError("name a session, or use --all")
    if session_id is not None and every:
        raise click.UsageError("name a session or use --all, not both")
    with admin_context(database) as context:
        user = find_user(context, email_or_id)
        if session_id is None:
            ended = context.sessions.end_all(user.id)
            context.audit("sessions_ended", user.id, actor=ACTOR, ended=ended)
            members = {"user_id": user.id, "ended": ended}
            print_outcome(
                f"Ended {counted(ended, 'session')} of {user.email}.", members, as_json=as_json
            )
            return
        if not context.sessions.end(session_id, subject=user.id):
            raise Failure(Code.NO_SUCH_SESSION, f"{user.email} has no session with this id")
        context.audit("session_ended", user.id, actor=ACTOR, ended=session_id)
        members = {"user_id": user.id, "ended": 1}
        print_outcome(f"Ended session {session_id} of {user.email}.", members, as_json=as_json)


def _members(one: "ListedSession") -> dict[str, Any]:
    # The member names of GET /sessions. Timestamps are seconds, as with users.
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
