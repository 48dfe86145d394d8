"""Find migrations of the application that drop the tables of Flask-Watchword."""

import ast
from collections.abc import Iterator
from pathlib import Path

from flask import Flask

from flask_watchword.extension.checks.results import CheckResult, fine, problem
from flask_watchword.infra.table_names import TABLE_PREFIX

_MIGRATE = "migrate"


def check_migrations(app: Flask) -> CheckResult:
    """Check that no migration of Flask-Migrate drops the tables of sessions and accounts.

    Alembic's autogenerate takes tables without a model for tables whose model was deleted.
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
            f"{', '.join(map(str, dropping))} drops Watchword tables: {TABLE_PREFIX}...",
            f"remove every line about {TABLE_PREFIX}... before you upgrade; see Migrations of "
            "your own in docs/service/in-an-application.md",
        )
    return fine(check, f"none in {versions} drops a Watchword table")


def _dropped_by(file: Path) -> Iterator[str]:
    """Yield the tables of Flask-Watchword that a migration drops in its upgrade."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return  # Alembic reports it
    for function in tree.body:
        # With several databases there is one function for each: `upgrade_orders`.
        if isinstance(function, ast.FunctionDef) and function.name.startswith("upgrade"):
            yield from filter(None, map(_dropped_table, ast.walk(function)))


def _dropped_table(node: ast.AST) -> str | None:
    match node:
        case ast.Call(
            func=ast.Attribute(attr="drop_table"), args=[ast.Constant(value=str(name)), *_]
        ) if name.startswith(TABLE_PREFIX):
            return name
    return None
