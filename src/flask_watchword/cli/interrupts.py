"""End commands cleanly on signals; Ctrl+C with the exit status that shells use for it."""

import contextlib
import signal
from collections.abc import Iterator
from typing import Any, NoReturn

import click

#: The exit status that a shell reports for a program ended by this signal.
INTERRUPTED = 128 + signal.SIGINT


class InterruptibleGroup(click.Group):
    """Commands that Ctrl+C ends with one word and status 130, during a prompt as well."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _interrupted() from None
        except click.Abort as abort:
            if was_interrupted(abort):
                raise _interrupted() from None
            raise


@contextlib.contextmanager
def exit_on_sigterm() -> Iterator[None]:
    """Exit with status 0 on SIGTERM, after cleaning up, while the block runs.

    A handler that the block sets replaces this one. By default the signal would end the process
    without cleaning up, and the first process of a container not at all: see kill(2).
    """
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def was_interrupted(error: BaseException) -> bool:
    """Tell whether Ctrl+C caused an error: prompts raise ``Abort`` for it and for end of input."""
    return any(isinstance(one, KeyboardInterrupt) for one in (error, error.__context__))


def _end(*_: Any) -> NoReturn:
    raise SystemExit(0)


def _interrupted() -> click.exceptions.Exit:
    click.echo("\nAborted!", err=True)
    return click.exceptions.Exit(INTERRUPTED)
