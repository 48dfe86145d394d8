"""``watchword import``: move users over from other software."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from flask_watchword.cli.options import database_option
from flask_watchword.cli.output import json_option, print_object, print_rows
from flask_watchword.cli.schema_check import refuse_other_schema
from flask_watchword.cli.store_failures import one_line_store_failures

if TYPE_CHECKING:
    from flask_watchword.service.features.user_import.run import Counts

#: Seconds between two lines that tell how far it is, where nobody watches a bar.
_EVERY = 10.0


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--dry-run",
    is_flag=True,
    help="Look at every record and keep none; rejects are written all the same.",
)
@database_option
@json_option
def import_users(file: Path, dry_run: bool, database: str | None, as_json: bool) -> None:
    """Add the users of a FILE, which is users.csv or users.jsonl.

    Columns, or members: email, and password_hash or password; perhaps id, email_verified, roles,
    scopes, disabled, created_at. An address that has an account already is left as it is, so
    what was interrupted is just started again. Records that are refused are written to
    users.rejects.jsonl with their line and the reason; mended there, they can be imported. A file
    of that name stays as it is: the next one is users.rejects-2.jsonl.
    """
    with one_line_store_failures():
        # Here and not above: these bring SQLAlchemy and argon2.
        from flask_watchword.cli.admin_context import administrator
        from flask_watchword.service.configuration.loading import environment, read_settings
        from flask_watchword.service.features.user_import.file import rows_of
        from flask_watchword.service.features.user_import.run import Import, last
        from flask_watchword.service.stores import opened_accounts, refuse_demo

        settings = read_settings(environment(), database=database, demo=False)
        refuse_other_schema(settings.database)
        refuse_demo(settings)
        rejects = file.with_name(f"{file.stem}.rejects.jsonl")
        with opened_accounts(settings) as accounts, file.open("rb") as opened:
            work = Import(accounts, administrator(), rejects, dry_run=dry_run)
            try:
                last(_shown(work.run(rows_of(file, opened)), opened, file.stat().st_size))
            except BaseException:
                if work.counts.line and not dry_run:
                    click.echo(
                        f"Up to line {work.counts.line} all is kept; start it again to go on.",
                        err=True,
                    )
                raise
    _report(work.counts, work.rejects, as_json=as_json)
    if work.counts.rejected:
        sys.exit(1)


def _report(counts: "Counts", rejects: Path | None, *, as_json: bool) -> None:
    told = {
        "added": counts.added,
        "already_there": counts.already_there,
        "rejected": counts.rejected,
    }
    if as_json:
        print_object({**told, "rejects": None if rejects is None else str(rejects)})
        return
    columns = ["Added", "Already there", "Rejected", "Written to"]
    print_rows(columns, [[*map(str, told.values()), "" if rejects is None else str(rejects)]])


def _shown(counts: "Iterator[Counts]", file: BinaryIO, size: int) -> "Iterator[Counts]":
    return _in_a_bar(counts, file, size) if sys.stderr.isatty() else _in_lines(counts)


def _in_a_bar(counts: "Iterator[Counts]", file: BinaryIO, size: int) -> "Iterator[Counts]":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    began = time.monotonic()
    columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=size)
        for now in counts:
            done = now.added + now.already_there + now.rejected
            speed = done / (time.monotonic() - began)
            told = f"{done:,} records, {now.rejected:,} rejected, {speed:,.0f}/s"
            bar.update(task, completed=file.tell(), description=told)
            yield now


def _in_lines(counts: "Iterator[Counts]") -> "Iterator[Counts]":
    next_at = time.monotonic() + _EVERY
    for now in counts:
        if time.monotonic() >= next_at:
            click.echo(f"{now.added + now.already_there + now.rejected} records", err=True)
            next_at = time.monotonic() + _EVERY
        yield now
