"""Ctrl+C ends a command with the exit status that shells give to what was interrupted."""

import signal
from typing import Any

import click

#: What a shell says of a program that this signal has ended.
INTERRUPTED = 128 + signal.SIGINT


class InterruptibleGroup(click.Group):
    """Commands that Ctrl+C ends with one word and status 130, in a prompt as well."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run what was asked for."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _interrupted() from None
        except click.Abort as abort:
            if was_interrupted(abort):
                raise _interrupted() from None
            raise


def was_interrupted(error: BaseException) -> bool:
    """Tell whether it was Ctrl+C: a prompt makes ``Abort`` of that, and of an end of input too."""
    return any(isinstance(one, KeyboardInterrupt) for one in (error, error.__context__))


def _interrupted() -> click.exceptions.Exit:
    click.echo("\nAborted!", err=True)
    return click.exceptions.Exit(INTERRUPTED)
