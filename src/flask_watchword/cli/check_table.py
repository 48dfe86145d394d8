"""Print the results of checks."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from flask_watchword.cli.output import counted, print_object, print_rows
from flask_watchword.extension.checks.results import CheckResult, Level

strict_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--strict", is_flag=True, help="Exit with 1 for warnings as well."
)


def print_check_results(results: Iterable[CheckResult], *, strict: bool, as_json: bool) -> None:
    """Print results; exit with 1 if one is a problem, or under ``strict`` a warning."""
    found = list(results)
    if as_json:
        for result in found:
            print_object(_members(result))
    else:
        print_rows(("Check", "Result", "Finding", "Remedy"), map(_cells, found))
    problems, warnings = (_count(found, level) for level in (Level.PROBLEM, Level.WARNING))
    click.echo(f"{counted(problems, 'problem')}, {counted(warnings, 'warning')}.", err=True)
    if problems or (strict and warnings):
        raise click.exceptions.Exit(1)


def _members(result: CheckResult) -> dict[str, str]:
    return {
        "check": result.check,
        "result": result.level,
        "says": result.says,
        "remedy": result.remedy,
    }


def _cells(result: CheckResult) -> Sequence[str]:
    return result.check, result.level, result.says, result.remedy


def _count(results: Iterable[CheckResult], level: Level) -> int:
    return sum(result.level is level for result in results)
