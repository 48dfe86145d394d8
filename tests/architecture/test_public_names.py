"""The public names are written down three times; the three have to agree."""

import ast
from pathlib import Path

import flask_watchword


def _names_for_type_checkers() -> dict[str, str]:
    tree = ast.parse(Path(flask_watchword.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {
        alias.name: str(node.module).removeprefix("flask_watchword.")
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_names_for_type_checkers_are_those_that_are_imported_lazily() -> None:
    assert _names_for_type_checkers() == flask_watchword._HOMES


def test_all_names_what_can_be_imported() -> None:
    assert {*flask_watchword.__all__, "Watchword"} == set(flask_watchword._HOMES)
    assert all(hasattr(flask_watchword, name) for name in flask_watchword._HOMES)


def test_all_leaves_out_what_needs_an_extra() -> None:
    homes = {flask_watchword._HOMES[name].partition(".")[0] for name in flask_watchword.__all__}
    assert homes == {"extension"}


def test_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(flask_watchword, "jwt_requierd")
