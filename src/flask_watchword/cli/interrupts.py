"""Signals end a command in order; Ctrl+C with the status that shells give to what it interrupts."""

import contextlib
import signal
from collections.abc import Iterator
from typing import Any, NoReturn

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


@contextlib.contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end what is done meanwhile, with status 0 and nothing of it left behind.

    Whoever sets a handler of their own has it until the end. By default the signal would end the
    process where it stands, and the first process of a container not at all: see kill(2).
    """
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def was_interrupted(error: BaseException) -> bool:
    """Tell whether it was Ctrl+C: a prompt makes ``Abort`` of that, and of an end of input too."""
    return any(isinstance(one, KeyboardInterrupt) for one in (error, error.__context__))


def _end(*_: Any) -> NoReturn:
    raise SystemExit(0)


def _interrupted() -> click.exceptions.Exit:
    click.echo("\nAborted!", err=True)
    return click.exceptions.Exit(INTERRUPTED)
