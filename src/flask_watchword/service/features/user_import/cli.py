"""``watchword import``: import users from other software."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from flask_watchword.cli.options import database_option
from flask_watchword.cli.output import json_option, print_object, print_rows
from flask_watchword.cli.schema_check import require_current_schema
from flask_watchword.cli.store_failures import one_line_store_failures

if TYPE_CHECKING:
    from flask_watchword.service.features.user_import.run import Counts

#: Seconds between two progress lines where there is no terminal for a progress bar.
_PROGRESS_SECONDS = 10.0


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--dry-run",
    is_flag=True,
    help="Validate every record without storing any; rejects are still written.",
)
@database_option
@json_option
def import_users(file: Path, dry_run: bool, database: str | None, as_json: bool) -> None:
    """Import the users in FILE, such as users.csv or users.jsonl.

    Columns or members: email, and password_hash or password; optionally id, email_verified, roles,
    scopes, disabled, created_at. Existing accounts are not changed, so an interrupted import can be
    run again. Rejected records are written to users.rejects.jsonl with their line and the reason;
    once corrected, that file can be imported. An existing file of that name is not overwritten: the
    next one is users.rejects-2.jsonl.
    """
    with one_line_store_failures():
        # Imported here because these load SQLAlchemy and argon2.
        from flask_watchword.cli.admin_context import ACTOR
        from flask_watchword.service.features.user_import.file import rows_of
        from flask_watchword.service.features.user_import.run import Import, last
        from flask_watchword.service.load_settings import environment, read_settings
        from flask_watchword.service.stores import opened_accounts, refuse_demo

        settings = read_settings(environment(), database=database, demo=False)
        require_current_schema(settings.database)
        refuse_demo(settings)
        rejects = file.with_name(f"{file.stem}.rejects.jsonl")
        with opened_accounts(settings) as accounts, file.open("rb") as opened:
            work = Import(accounts, ACTOR, rejects, dry_run=dry_run)
            try:
                last(_with_progress(work.run(rows_of(file, opened)), opened, file.stat().st_size))
            except BaseException:
                if work.counts.line and not dry_run:
                    click.echo(
                        f"Records up to line {work.counts.line} are stored; run it again to go on.",
                        err=True,
                    )
                raise
    _report(work.counts, work.rejects, as_json=as_json)
    if work.counts.rejected:
        sys.exit(1)


def _report(counts: "Counts", rejects: Path | None, *, as_json: bool) -> None:
    members = {
        "added": counts.added,
        "already_there": counts.already_there,
        "rejected": counts.rejected,
    }
    if as_json:
        print_object({**members, "rejects": None if rejects is None else str(rejects)})
        return
    columns = ["Added", "Existing", "Rejected", "Rejects file"]
    print_rows(columns, [[*map(str, members.values()), "" if rejects is None else str(rejects)]])


def _with_progress(counts: "Iterator[Counts]", file: BinaryIO, size: int) -> "Iterator[Counts]":
    if sys.stderr.isatty():
        return _with_progress_bar(counts, file, size)
    return _with_progress_lines(counts)


def _with_progress_bar(counts: "Iterator[Counts]", file: BinaryIO, size: int) -> "Iterator[Counts]":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    began = time.monotonic()
    columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=size)
        for now in counts:
            done = now.added + now.already_there + now.rejected
            speed = done / (time.monotonic() - began)
            text = f"{done:,} records, {now.rejected:,} rejected, {speed:,.0f}/s"
            bar.update(task, completed=file.tell(), description=text)
            yield now


def _with_progress_lines(counts: "Iterator[Counts]") -> "Iterator[Counts]":
    next_at = time.monotonic() + _PROGRESS_SECONDS
    for now in counts:
        if time.monotonic() >= next_at:
            click.echo(f"{now.added + now.already_there + now.rejected} records", err=True)
            next_at = time.monotonic() + _PROGRESS_SECONDS
        yield now
