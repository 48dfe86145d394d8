"""Print the verification of a token: its steps, and the response to a request with the token."""

from collections.abc import Sequence
from typing import Any

import click

from flask_watchword.cli.output import print_object, print_rows
from flask_watchword.extension.explain.token_check import TokenCheck
from flask_watchword.extension.explain.verdict import Verdict
from flask_watchword.jose.explain import Outcome, Step


def report(check: TokenCheck, *, as_json: bool) -> None:
    """Print steps and verdict; exit with 1 if the token is rejected."""
    steps, verdict = check.steps, check.verdict
    if as_json:
        print_object({**_response(verdict), "steps": [_members(step) for step in steps]})
    else:
        print_rows(("Step", "Result", "Finding"), [*map(_cells, steps), _verdict_cells(verdict)])
    if not verdict.accepted:
        raise click.exceptions.Exit(1)


def _response(verdict: Verdict) -> dict[str, Any]:
    return {
        "accepted": verdict.accepted,
        "status": verdict.status,
        "code": verdict.code,
        "msg": verdict.msg,
    }


def _members(step: Step) -> dict[str, Any]:
    return {"step": step.name, "result": step.outcome, "says": step.says, "code": step.code}


def _cells(step: Step) -> Sequence[str]:
    return step.name, step.outcome, step.says


def _verdict_cells(verdict: Verdict) -> Sequence[str]:
    if verdict.accepted:
        status = verdict.status
        return "verdict", "accepted", "the view runs" if status is None else str(status)
    error = f"{verdict.status} {verdict.code or ''}".rstrip()
    return "verdict", Outcome.REFUSED, f"{error}: {verdict.msg}" if verdict.msg else error
