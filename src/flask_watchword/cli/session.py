"""``watchword session``: where users are logged in."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from flask_watchword.cli.administering import (
    administering,
    administrator,
    json_option,
    user_argument,
    user_of,
)
from flask_watchword.cli.options import database_option

if TYPE_CHECKING:
    from flask_watchword.service.components import Components
    from flask_watchword.sessions.session import Session


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
        click.echo(json.dumps([_members(one) for one in found]))
    else:
        _show(found)


@session.command()
@user_argument
@click.argument("session_id", required=False)
@click.option("--all", "every", is_flag=True, help="End all of them.")
@database_option
def end(who: str, session_id: str | None, every: bool, database: str | None) -> None:
    """End one session of a user, or all: every token of it is refused from now on."""
    if (session_id is None) != every:
        raise click.UsageError("name a session, or give --all")
    with administering(database) as parts:
        user = user_of(parts, who)
        if session_id is None:
            ended = parts.sessions.end_all(user.id)
            _record(parts, "sessions_ended", user.id, ended)
            click.echo(f"{ended} sessions of {user.email} have ended.")
            return
        if not parts.sessions.end(session_id, subject=user.id):
            raise click.ClickException(f"{user.email} has no such session")
        _record(parts, "session_ended", user.id, session_id)
        click.echo(f"The session {session_id} of {user.email} has ended.")


def _record(parts: "Components", name: str, user_id: str, ended: int | str) -> None:
    from flask_watchword.clock import system_clock

    told = administrator().event(name, system_clock(), user_id, ended=ended)
    parts.stores.accounts.stores.audit.append([told])


def _members(one: "Session") -> dict[str, Any]:
    return {
        "id": one.id,
        "started_at": one.started_at,
        "rotated_at": one.rotated_at,
        "idle_until": one.idle_until,
        "address": one.address,
        "agent": one.agent,
    }


def _show(found: "Sequence[Session]") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from flask_watchword.cli.key_table import on_a_terminal, shown

    rows = [
        (one.id, shown(one.started_at), shown(one.rotated_at), one.address, one.agent)
        for one in found
    ]
    if not on_a_terminal():
        for row in rows:
            # What a client sent is one field, whatever is in it.
            click.echo("\t".join(" ".join(cell.split()) for cell in row))
        return
    table = Table("Session", "Logged in", "Last seen", "Address", "Agent")
    table.columns[0].overflow = "fold"
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)
