"""Interactive prompts; without a terminal they are a usage error that names an option."""

import getpass
import sys
import warnings
from typing import NoReturn

import click

from flask_watchword.cli.interrupts import was_interrupted


def confirm(question: str, *, instead: str) -> None:
    """Ask for confirmation; end the command if it is declined.

    Args:
        question: the question.
        instead: the option that skips the question.
    """
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort as abort:
        _raise_unanswered(abort, instead)
    if not agreed:
        if not sys.stdin.isatty():
            _end_line()
        raise click.Abort


def ask_twice(label: str, *, instead: str) -> str:
    """Prompt for a secret twice, until both inputs match.

    Args:
        label: the text of the prompt.
        instead: the option that reads the secret from elsewhere.
    """
    try:
        with warnings.catch_warnings():
            # Without a terminal the input would be echoed.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return str(
                click.prompt(
                    label, type=str, hide_input=True, confirmation_prompt="Repeat", err=True
                )
            )
    except getpass.GetPassWarning as warning:
        raise _no_terminal(instead) from warning
    except click.Abort as abort:
        _raise_unanswered(abort, instead)


def _raise_unanswered(abort: click.Abort, instead: str) -> NoReturn:
    _end_line()
    if was_interrupted(abort):
        raise abort
    raise _no_terminal(instead) from abort


def _end_line() -> None:
    # No typed answer has ended the line of the question, and the next message needs its own.
    click.echo(err=True)


def _no_terminal(instead: str) -> click.UsageError:
    return click.UsageError(f"no terminal to prompt on; use {instead}")
