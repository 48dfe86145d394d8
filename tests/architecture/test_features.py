"""The rules of feature folders (docs/architecture.md, "Features")."""

import re

import pytest

from flask_watchword.service.features.table import FEATURES, endpoints_of
from tests.architecture.import_reader import Module, imported_names, modules_of

FEATURE = re.compile(r"flask_watchword\.service\.features\.(\w+)\.(.+)")
MODULES = [module for module in modules_of("flask_watchword") if FEATURE.match(module.name)]
OUTSIDE_OF_FLOWS = {
    "flask", "werkzeug", "jinja2", "sqlalchemy", "alembic", "click", "socket", "ssl", "http",
    "urllib", "smtplib",
}  # fmt: skip
ASSEMBLY = {"table", "watchword", "app", "stores"}


def feature_and_module(name: str) -> tuple[str, str]:
    found = FEATURE.match(name)
    assert found is not None
    return found[1], found[2]


def complaints(module: Module) -> list[str]:
    feature, inner = feature_and_module(module.name)
    found = []
    for name in imported_names(module):
        if inner == "flow" and name.split(".")[0] in OUTSIDE_OF_FLOWS:
            found.append(f"{module.name} imports {name}: a flow is pure")
        other = FEATURE.match(name)
        if other and other[1] not in (feature, "table") and not other[2].startswith("flow"):
            found.append(f"{module.name} imports {name}: features share flows only")
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_feature_follows_its_rules(module: Module) -> None:
    assert complaints(module) == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("totp.flow", "import flask"),
        ("totp.flow", "def later():\n    from sqlalchemy import select"),
        ("totp.http", "from flask_watchword.service.features.login import http"),
        ("totp.http", "from flask_watchword.service.features.sessions.sql import Table"),
    ],
)
def test_violation_of_the_rules_is_detected(name: str, source: str) -> None:
    name = f"flask_watchword.service.features.{name}"
    assert len(complaints(Module(name, name.rpartition(".")[0], source))) == 1


def test_only_the_table_imports_every_feature() -> None:
    declarations = [m for m in modules_of("flask_watchword") if "service" in m.name]
    importers = {
        module.name.rpartition(".")[2]
        for module in declarations
        for name in imported_names(module)
        if FEATURE.match(name) and ".feature." in f"{name}."
    }
    assert importers == {"table"}


def test_names_of_features_and_codes_of_errors_are_unique() -> None:
    names = [feature.name for feature in FEATURES]
    assert sorted(names) == sorted(set(names))
    meanings: dict[tuple[str, int], set[str]] = {}
    for one in endpoints_of(FEATURES):
        for error in one.every_error():
            meanings.setdefault((error.code, error.status), set()).add(error.meaning)
    assert [code for code, found in meanings.items() if len(found) > 1] == []
