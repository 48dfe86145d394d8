"""Under ``--json`` what goes wrong is JSON as well: the last line of standard error."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

import click

from flask_watchword.cli.failures import Code, Failure
from flask_watchword.cli.interrupts import INTERRUPTED, was_interrupted

_ASKED = "flask_watchword.json_errors"


class JsonErrorsGroup(click.Group):
    """A group whose commands tell of errors as they were asked to: by a line, or by an object.

    The words of the command line decide, not what was made of them: where they cannot be parsed
    there is nothing else to go by.
    """

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Parse the command line."""
        asked = "--json" in _options(args)
        with _as_asked(asked):
            context = super().make_context(info_name, args, parent, **extra)
        context.meta[_ASKED] = asked
        return context

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named."""
        with _as_asked(ctx.meta[_ASKED]):
            return super().invoke(ctx)


def _options(args: Sequence[str]) -> Sequence[str]:
    return args[: args.index("--")] if "--" in args else args


@contextlib.contextmanager
def _as_asked(as_json: bool) -> Iterator[None]:
    if not as_json:
        yield
        return
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.ClickException as error:
        _tell(*_parts(error))
        raise click.exceptions.Exit(error.exit_code) from error
    except (click.Abort, KeyboardInterrupt, EOFError) as error:
        _tell(Code.INTERRUPTED, "ended before it was done", "")
        raise click.exceptions.Exit(INTERRUPTED if was_interrupted(error) else 1) from error


def _parts(error: click.ClickException) -> tuple[Code, str, str]:
    if isinstance(error, Failure):
        return error.code, error.message, error.hint
    if isinstance(error, click.UsageError):
        # The parser leaves it out of some; then it is the group's help.
        context = error.ctx or click.get_current_context(silent=True)
        hint = "" if context is None else f"see: {context.command_path} --help"
        return Code.USAGE, error.format_message(), hint
    return Code.FAILED, error.format_message(), ""


def _tell(code: Code, message: str, hint: str) -> None:
    told = {"code": code.value, "message": message, "hint": hint or None}
    click.echo(json.dumps({"error": told}), err=True)
