"""Print what came of a token: its steps, and the answer that a request with it gets."""

from collections.abc import Sequence
from typing import Any

import click

from flask_watchword.cli.output import print_object, print_rows
from flask_watchword.extension.explain.token_check import TokenCheck
from flask_watchword.extension.explain.token_walk import Verdict
from flask_watchword.jose.explain import Outcome, Step


def report(check: TokenCheck, *, as_json: bool) -> None:
    """Print steps and verdict; exit with 1 where the token is refused."""
    steps, verdict = check.steps, check.verdict
    if as_json:
        print_object({**_answer(verdict), "steps": [_members(step) for step in steps]})
    else:
        print_rows(("Step", "Result", "What was found"), [*map(_cells, steps), _last(verdict)])
    if not verdict.accepted:
        raise click.exceptions.Exit(1)


def _answer(verdict: Verdict) -> dict[str, Any]:
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


def _last(verdict: Verdict) -> Sequence[str]:
    if verdict.accepted:
        status = verdict.status
        return "verdict", "accepted", "the view runs" if status is None else str(status)
    told = f"{verdict.status} {verdict.code or ''}".rstrip()
    return "verdict", Outcome.REFUSED, f"{told}: {verdict.msg}" if verdict.msg else told
