"""Imports run one way: each layer imports only from those below it."""

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.architecture.import_reader import Module, imported_names, modules_of

PACKAGE = "flask_watchword"
ROOT = "__init__"  # stands for flask_watchword/__init__.py, the public names of the package

# From the top down, each with the parts of the package that it may import.
CORE = {"errors", "clock", "locks", "extras", "ip_networks"}
ENGINE = CORE | {"jose"}
EXTENSION = ENGINE | {"fork_safety", "accounts", "sessions", "keys", "infra"}
SERVICE = EXTENSION | {"extension", ROOT}
SURFACE = {"extension", "exceptions", "typing", "internal_utils", "config"}
MAY_IMPORT: dict[str, set[str]] = {
    "cli": SERVICE | {"service"},
    "service": SERVICE | {"cli"},
    "dropin": EXTENSION | SURFACE | {"jwt_manager", "tokens", "default_callbacks", ROOT},
    ROOT: {"extension", "service"},
    "migrations": {"infra"},
    # The parts that a feature of an application may use, from the service and from below.
    "features": SERVICE | {"service"},
    # Modules under Flask-JWT-Extended's names.
    "exceptions": {"errors", "extension"},
    "typing": {"extension"},
    "default_callbacks": {"extension"},
    "internal_utils": {"extension"},
    "config": {"extension", "internal_utils"},
    "tokens": SURFACE,
    "jwt_manager": SURFACE,
    "utils": SURFACE,
    "view_decorators": SURFACE,
    "extension": EXTENSION,
    "infra": ENGINE | {"fork_safety", "accounts", "sessions", "keys"},
    "accounts": ENGINE,
    "sessions": ENGINE,
    "keys": ENGINE,
    "jose": CORE,
    "errors": {"clock"},
    "fork_safety": {"locks"},
    "locks": set(),
    "extras": set(),
    "ip_networks": set(),
    "clock": set(),
}

SOCKETS = {"socket", "ssl", "smtplib", "requests", "httpx"}
NETWORK = SOCKETS | {"asyncio", "urllib", "http"}
DATABASES = {"sqlite3", "sqlalchemy", "alembic", "psycopg", "valkey", "redis"}
WEB = {"flask", "werkzeug", "jinja2", "click", "rich", "granian"}
OUTSIDE = NETWORK | DATABASES | WEB
MUST_NOT_IMPORT: dict[str, set[str]] = {
    "jose": OUTSIDE,
    "accounts": OUTSIDE,
    "sessions": OUTSIDE,
    "keys": OUTSIDE,
    "errors": OUTSIDE,
    "clock": OUTSIDE,
    "fork_safety": OUTSIDE,
    "locks": OUTSIDE,
    "ip_networks": OUTSIDE,
    "infra": WEB,
    "extension": SOCKETS | DATABASES | {"argon2", "click", "rich", "granian"},
}

# The store protocols are with their consumers, so only one module chooses the implementation. A
# feature has its own tables in `sql.py`, and its declaration names them.
NAMES_CONCRETE_STORES = re.compile(
    rf"{PACKAGE}\.(features|service\.(stores|feature|features\.\w+\.(sql|feature)))"
)
# `opening` chooses by what an option names, and imports a store only once it was chosen.
STORES_ANYONE_ABOVE_MAY_IMPORT = {
    f"{PACKAGE}.infra.{name}"
    for name in ("database_url", "errors", "factory", "table_names", "temporary_database")
} | {f"{PACKAGE}.infra"}

MODULES = modules_of(PACKAGE)


def part_of(name: str) -> str:
    """Return the part of the package a dotted name inside it belongs to."""
    second = name.split(".")[1:2]
    return second[0] if second and second[0] in MAY_IMPORT else ROOT


def complaints(module: Module) -> Iterator[str]:
    """Yield a sentence for every import of the module that violates the layers."""
    part = part_of(module.name)
    for name in imported_names(module):
        if name.split(".")[0] != PACKAGE:
            if name.split(".")[0] in MUST_NOT_IMPORT.get(part, ()):
                yield f"{module.name} imports {name}, which {part} does without"
        elif part_of(name) not in MAY_IMPORT[part] | {part}:
            yield f"{module.name} imports {name}, which is not below it"


def internal_imports(module: Module, *, for_types: bool) -> set[str]:
    """Return the modules of the package that a module imports."""
    known = {other.name for other in MODULES}
    names = imported_names(module, for_types=for_types)
    ours = {name for name in names if name.split(".")[0] == PACKAGE}
    return {name if name in known else name.rpartition(".")[0] for name in ours} - {module.name}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_module_imports_only_from_the_layers_below_it(module: Module) -> None:
    assert list(complaints(module)) == []


def test_every_part_of_the_package_is_in_the_layers() -> None:
    parts = {module.name.split(".")[1] for module in MODULES if "." in module.name}
    assert parts - MAY_IMPORT.keys() == set()


def test_modules_have_no_import_cycle_even_for_types() -> None:
    graph = {module.name: internal_imports(module, for_types=True) for module in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@pytest.mark.parametrize(
    "module",
    [
        m
        for m in MODULES
        if part_of(m.name) != "infra" and not NAMES_CONCRETE_STORES.fullmatch(m.name)
    ],
    ids=lambda module: module.name,
)
def test_only_one_module_of_the_service_names_concrete_stores(module: Module) -> None:
    at_run_time = internal_imports(module, for_types=False)
    stores = {name for name in at_run_time if part_of(name) == "infra"}
    assert stores - STORES_ANYONE_ABOVE_MAY_IMPORT == set()


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("jose.keys", "import flask"),
        ("jose.keys", "from urllib.request import urlopen"),
        ("jose.keys", "from flask_watchword.extension.manager import JWTManager"),
        ("jose.keys", "from flask_watchword import JWTManager"),
        ("jose.keys", "from flask_watchword import accounts"),
        ("jose.keys", "from ..sessions import refresh"),
        ("jose.keys", "from .. import infra"),
        ("accounts.users", "import flask_watchword.sessions.session"),
        ("sessions.session", "from flask_watchword.accounts.users import User"),
        ("extension.manager", "def later():\n    import sqlalchemy"),
        ("extension.manager", "def later():\n    from ..service import app"),
        ("infra.memory_sessions", "if TYPE_CHECKING:\n    from flask import Flask"),
        ("extension.manager", "import flask_watchword.dropin"),
        ("service.app", "import importlib\nimportlib.import_module('flask_watchword.dropin')"),
        ("service.app", "from importlib import import_module\nimport_module('..dropin')"),
        ("service.app", "__import__('flask_watchword.dropin')"),
        ("clock", "from .errors import WatchwordError"),
    ],
)
def test_upward_import_is_reported(name: str, source: str) -> None:
    name = f"{PACKAGE}.{name}"
    module = Module(name, name.rpartition(".")[0], source)
    assert len(list(complaints(module))) == 1


def test_public_module_that_imports_below_the_extension_is_reported() -> None:
    module = Module(PACKAGE, PACKAGE, "from .jose import keys\nfrom .extension import JWTManager")
    assert list(complaints(module)) == [
        "flask_watchword imports flask_watchword.jose.keys, which is not below it"
    ]


def test_downward_import_is_not_reported() -> None:
    source = """
from __future__ import annotations
import flask, msgspec
from .manager import JWTManager
from ..jose.keys import Key
from flask_watchword import clock
def later():
    from flask_watchword.errors import WatchwordError
"""
    name = f"{PACKAGE}.extension.decorators"
    assert list(complaints(Module(name, name.rpartition(".")[0], source))) == []
