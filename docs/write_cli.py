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

`watchword` manages the login service. `flask watchword` checks an application that the `flask` command has
loaded. Settings are read from the environment and from `.env`, see [Settings](settings.md).

**Output.** A table on a terminal, otherwise lines with tabs between the fields, for other programs. With `--json`, one
JSON object per line; times in it are seconds since 1970. Text that comes from clients is escaped, so that it cannot
control the terminal. Prompts, progress and errors are written to standard error.

**Exit status.**

| status | meaning |
| --- | --- |
| 0 | success |
| 1 | rejected, not found, or a check has failed: one line says why |
| 2 | wrong usage |
| 69 | a store does not respond; try again later |
| 130 | Ctrl+C |

**Errors with `--json`.** The last line of standard error is a JSON object; the exit status is the same. Standard
output is empty or consists of complete lines. A command whose answer is no, such as `db current` for an old schema, prints
that to standard output: it is not an error.

```json
{"error": {"code": "weak_password", "message": "password rejected: ...", "hint": null}}
```

`hint` says what to do, or is `null`. Codes are stable, messages may change:

| code | meaning |
| --- | --- |
CODES

This page is written by `docs/write_cli.py`.
"""


def page() -> str:
    """Return the page as the commands make it."""
    root = click.Context(main, info_name="", **main.context_settings)
    codes = "\n".join(f"| `{code}` | {code.description} |" for code in Code)
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
