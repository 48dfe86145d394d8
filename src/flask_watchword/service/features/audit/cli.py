"""``watchword audit``: show, verify and trim the audit log."""

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from flask_watchword.cli.failures import Code, Failure
from flask_watchword.cli.options import database_option
from flask_watchword.cli.output import json_option, print_outcome
from flask_watchword.cli.schema_check import require_current_schema
from flask_watchword.cli.store_failures import one_line_store_failures

if TYPE_CHECKING:
    from flask_watchword.accounts.audit import AuditLog, Head, Verdict

_HEAD = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")


@click.group()
def audit() -> None:
    """Show, verify and trim the audit log."""


@audit.command()
@database_option
@click.option(
    "-n",
    "--number",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="Number of entries to show.",
)
@click.option("--subject", metavar="ID", help="Only entries about this account.")
@click.option("--event", metavar="NAME", help="Only entries with this event name.")
@json_option
def tail(
    database: str | None, number: int, subject: str | None, event: str | None, as_json: bool
) -> None:
    """Show the newest entries, the latest at the end.

    Control characters in values that clients sent are escaped.
    """
    with one_line_store_failures():
        # Imported here because this loads SQLAlchemy.
        from flask_watchword.service.features.audit.lines import as_line, as_object

        with _opened_log(database) as log:
            entries = log.newest(number, subject=subject, event=event)
    for entry in reversed(entries):
        print_outcome(as_line(entry), as_object(entry), as_json=as_json)


@audit.command()
@database_option
@click.option(
    "--noted",
    metavar="NUMBER:HASH",
    help="An entry that must exist: the head of an earlier verification.",
)
@json_option
def verify(database: str | None, noted: str | None, as_json: bool) -> None:
    """Find the first entry that was altered, removed or inserted; exit with 1 if there is one.

    Anyone with write access to the database could rewrite the whole log. Store the printed head
    elsewhere, and pass it as --noted the next time.
    """
    expected = _parse_head(noted)
    with one_line_store_failures():
        # Imported here because this loads SQLAlchemy.
        from flask_watchword.accounts.audit import verify as verify_log

        with _opened_log(database) as log:
            verdict = verify_log(log, expected)
    print_outcome(_sentence(verdict), _object(verdict), as_json=as_json)
    if not verdict.is_intact:
        raise click.exceptions.Exit(1)


@audit.command()
@database_option
@click.option(
    "--older-than",
    "days",
    metavar="DAYS",
    type=click.IntRange(1, 36_500),
    required=True,
    help="Delete entries older than this number of days.",
)
@json_option
def trim(database: str | None, days: int, as_json: bool) -> None:
    """Delete the oldest entries; the rest is still an intact chain.

    A new entry records who trimmed the log, and up to which entry. Altered entries are evidence: if
    there are any, nothing is deleted, and the exit status is 1.
    """
    with one_line_store_failures():
        # Imported here because this loads SQLAlchemy.
        from flask_watchword.cli.cleanup import trim_audit_log
        from flask_watchword.service.features.audit.flow import BrokenChain

        with _opened_log(database) as log:
            try:
                entries = trim_audit_log(log, days)
            except BrokenChain as error:
                raise Failure(
                    Code.BROKEN_CHAIN, f"nothing deleted: {error}", "see: watchword audit verify"
                ) from error
            first = log.start().seq + 1
    print_outcome(
        f"Deleted entries: {entries}. The log now begins with entry {first}.",
        {"entries": entries, "first": first},
        as_json=as_json,
    )


@contextlib.contextmanager
def _opened_log(database: str | None) -> "Iterator[AuditLog]":
    from flask_watchword.infra.factory import opened_audit_log
    from flask_watchword.service.load_settings import environment, read_database

    url = read_database(database, environment())
    require_current_schema(url)
    with opened_audit_log(url) as log:
        yield log


def _parse_head(text: str | None) -> "Head | None":
    if text is None:
        return None
    match = _HEAD.fullmatch(text)
    if match is None:
        raise click.UsageError("--noted must be a head printed by verify, as in 120:5f3a…")
    # Imported here because `--help` does without the accounts.
    from flask_watchword.accounts.audit import Head

    return Head(int(match[1]), match[2])


def _object(verdict: "Verdict") -> dict[str, object]:
    return {
        "whole": verdict.is_intact,
        "entries": verdict.entries,
        "head": f"{verdict.head.seq}:{verdict.head.hash}",
        "broken_at": verdict.broken_at,
        "problem": verdict.problem or None,
    }


def _sentence(verdict: "Verdict") -> str:
    if verdict.is_intact:
        return f"Intact: {verdict.entries} entries, head {verdict.head.seq}:{verdict.head.hash}"
    return f"Broken at entry {verdict.broken_at}: {verdict.problem}."
