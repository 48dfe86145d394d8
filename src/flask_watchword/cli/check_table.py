"""Print what an examination has found."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from flask_watchword.cli.output import counted, print_object, print_rows
from flask_watchword.extension.checks.results import CheckResult, Level

strict_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--strict", is_flag=True, help="Exit with 1 where there is a warning as well."
)


def print_findings(findings: Iterable[CheckResult], *, strict: bool, as_json: bool) -> None:
    """Print findings; exit with 1 where one is a problem, or under ``strict`` a warning."""
    found = list(findings)
    if as_json:
        for finding in found:
            print_object(_members(finding))
    else:
        print_rows(("Check", "Result", "What was found", "What to do"), map(_cells, found))
    problems, warnings = (_count(found, level) for level in (Level.PROBLEM, Level.WARNING))
    click.echo(f"{counted(problems, 'problem')}, {counted(warnings, 'warning')}.", err=True)
    if problems or (strict and warnings):
        raise click.exceptions.Exit(1)


def _members(finding: CheckResult) -> dict[str, str]:
    return {
        "check": finding.check,
        "result": finding.level,
        "says": finding.says,
        "remedy": finding.remedy,
    }


def _cells(finding: CheckResult) -> Sequence[str]:
    return finding.check, finding.level, finding.says, finding.remedy


def _count(findings: Iterable[CheckResult], level: Level) -> int:
    return sum(finding.level is level for finding in findings)
