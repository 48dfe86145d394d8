"""Print errors as JSON under ``--json``: one object, the last line of standard error."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

import click

from flask_watchword.cli.failures import Code, Failure
from flask_watchword.cli.interrupts import INTERRUPTED, was_interrupted

_AS_JSON = "flask_watchword.json_errors"


class JsonErrorsGroup(click.Group):
    """A group whose commands print errors as one line, or with ``--json`` as one object.

    The raw arguments decide, not the parsed ones: a command line that cannot be parsed has no
    others.
    """

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Parse the command line."""
        as_json = "--json" in _options(args)
        with _formatted_errors(as_json):
            context = super().make_context(info_name, args, parent, **extra)
        context.meta[_AS_JSON] = as_json
        return context

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _formatted_errors(ctx.meta[_AS_JSON]):
            return super().invoke(ctx)


def _options(args: Sequence[str]) -> Sequence[str]:
    return args[: args.index("--")] if "--" in args else args


@contextlib.contextmanager
def _formatted_errors(as_json: bool) -> Iterator[None]:
    if not as_json:
        yield
        return
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.ClickException as error:
        _print_error(*_parts(error))
        raise click.exceptions.Exit(error.exit_code) from error
    except (click.Abort, KeyboardInterrupt, EOFError) as error:
        _print_error(Code.INTERRUPTED, "interrupted before it was finished", "")
        raise click.exceptions.Exit(INTERRUPTED if was_interrupted(error) else 1) from error


def _parts(error: click.ClickException) -> tuple[Code, str, str]:
    if isinstance(error, Failure):
        return error.code, error.message, error.hint
    if isinstance(error, click.UsageError):
        # Some errors of the parser have no context; then point to the group's help.
        context = error.ctx or click.get_current_context(silent=True)
        hint = "" if context is None else f"see: {context.command_path} --help"
        return Code.USAGE, error.format_message(), hint
    return Code.FAILED, error.format_message(), ""


def _print_error(code: Code, message: str, hint: str) -> None:
    error = {"code": code.value, "message": message, "hint": hint or None}
    click.echo(json.dumps({"error": error}), err=True)
