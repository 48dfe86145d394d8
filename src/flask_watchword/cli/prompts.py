"""Questions of a command: asked of who sits there, and a usage error where nobody answers."""

import getpass
import sys
import warnings
from typing import NoReturn

import click

from flask_watchword.cli.interrupts import was_interrupted


def confirm(question: str, *, instead: str) -> None:
    """Ask whether to go on; end the command where the answer is no.

    Args:
        question: what to ask.
        instead: the option with which it is not asked.
    """
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort as abort:
        _refuse_silence(abort, instead)
    if not agreed:
        if not sys.stdin.isatty():
            _end_line()
        raise click.Abort


def ask_twice(about: str, *, instead: str) -> str:
    """Ask for something secret twice, until both are the same.

    Args:
        about: what it is.
        instead: the option with which it is read from elsewhere.
    """
    try:
        with warnings.catch_warnings():
            # Without a terminal it would be seen as it is typed.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return str(
                click.prompt(
                    about, type=str, hide_input=True, confirmation_prompt="Once more", err=True
                )
            )
    except getpass.GetPassWarning as warning:
        raise _nobody(instead) from warning
    except click.Abort as abort:
        _refuse_silence(abort, instead)


def _refuse_silence(abort: click.Abort, instead: str) -> NoReturn:
    _end_line()
    if was_interrupted(abort):
        raise abort
    raise _nobody(instead) from abort


def _end_line() -> None:
    # Nobody has ended the line of the question by an answer, and what is said next begins one.
    click.echo(err=True)


def _nobody(instead: str) -> click.UsageError:
    return click.UsageError(f"nobody is there to answer; give {instead}")
