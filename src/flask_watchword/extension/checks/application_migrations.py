"""Look into the migrations of an application for those that drop our tables."""

import ast
from collections.abc import Iterator
from pathlib import Path

from flask import Flask

from flask_watchword.extension.checks.results import CheckResult, fine, problem
from flask_watchword.infra.table_names import TABLE_PREFIX

_MIGRATE = "migrate"


def check_migrations(app: Flask) -> CheckResult:
    """Check that no migration of Flask-Migrate drops the tables of sessions and accounts.

    An Alembic that does not know of them takes them for tables whose models were deleted.
    """
    check, migrate = "migrations", app.extensions.get(_MIGRATE)
    folder = getattr(migrate, "directory", None)
    if folder is None:
        return fine(check, "Flask-Migrate is not used")
    versions = Path(folder) / "versions"
    dropping = [file for file in sorted(versions.glob("*.py")) if any(_dropped_by(file))]
    if dropping:
        return problem(
            check,
            f"{', '.join(map(str, dropping))} drops tables of Watchword: {TABLE_PREFIX}...",
            f"take every line about {TABLE_PREFIX}... out before you upgrade; see Migrations of "
            "your own in docs/service/in-an-application.md",
        )
    return fine(check, f"none in {versions} drops a table of Watchword")


def _dropped_by(file: Path) -> Iterator[str]:
    """Yield our tables that a migration drops when it is applied."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return  # Alembic will say so
    for function in tree.body:
        # With several databases each has one of its own: `upgrade_orders`.
        if isinstance(function, ast.FunctionDef) and function.name.startswith("upgrade"):
            yield from filter(None, map(_dropped_table, ast.walk(function)))


def _dropped_table(node: ast.AST) -> str | None:
    match node:
        case ast.Call(
            func=ast.Attribute(attr="drop_table"), args=[ast.Constant(value=str(name)), *_]
        ) if name.startswith(TABLE_PREFIX):
            return name
    return None
