"""Write docs/reference/cli.md from the commands: `python -m docs.write_cli`."""

from collections.abc import Iterator
from pathlib import Path

import click

from flask_watchword.cli.failures import Code
from flask_watchword.cli.flask_cli import watchword
from flask_watchword.cli.main import main

PAGE = Path(__file__).parent / "reference" / "cli.md"

_INTRODUCTION = """\
# Commands

`watchword` looks after a service; `flask watchword` looks at an application that the `flask`
command has loaded. Settings come from the environment and from `.env`, see
[the settings](settings.md).

**Output.** A table on a terminal; lines with tabs between the fields for other programs
(of `audit tail` an entry as words); with
`--json` one object of JSON a line, be it one thing or many. Moments in it are seconds since 1970.
Nothing that a client has sent does anything to a terminal. Questions, progress and what goes wrong
are written to standard error.

**Exit status.**

| status | means |
| --- | --- |
| 0 | it is done |
| 1 | it is refused, not found or not as it should be: one line says why |
| 2 | the command is not used as it is meant to be |
| 69 | a store does not answer; it may do later |
| 130 | Ctrl+C |

**Errors under `--json`.** The last line of standard error is an object, and the exit status is the
same. Standard output is empty, or each line of it is whole. A command that answers no, as
`db current` does of an old schema, says so on standard output: that is no error.

```json
{"error": {"code": "weak_password", "message": "the password is refused: ...", "hint": null}}
```

`hint` says what to do, or is `null`. The codes stay, the messages may improve:

| code | means |
| --- | --- |
CODES

This page is written by `docs/write_cli.py` from the commands themselves.
"""


def page() -> str:
    """Return the page as the commands make it."""
    root = click.Context(main, info_name="", **main.context_settings)
    codes = "\n".join(f"| `{code}` | {code.means} |" for code in Code)
    parts = [
        _INTRODUCTION.replace("CODES", codes),
        *_described(main, "watchword", root),
        *_described(watchword, "flask watchword", click.Context(watchword, info_name="")),
    ]
    return "\n".join(parts)


def _described(command: click.Command, name: str, root: click.Context) -> Iterator[str]:
    if isinstance(command, click.Group):
        for part in sorted(command.commands):
            yield from _described(command.commands[part], f"{name} {part}", root)
        return
    # A command keeps the names of --help that it is first asked for with.
    context = click.Context(command, root, name, max_content_width=100, terminal_width=100)
    formatter = context.make_formatter()
    command.format_usage(context, formatter)
    command.format_help_text(context, formatter)
    # But for --help, which all of them have.
    options = [param.get_help_record(context) for param in command.params]
    records = [record for record in options if record is not None]
    if records:
        with formatter.section("Options"):
            formatter.write_dl(records)
    yield f"## {name}\n\n```text\n{formatter.getvalue().rstrip()}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
