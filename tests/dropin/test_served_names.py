"""Names that programs import from ``flask_jwt_extended`` exist and behave the same."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dropin.runs import DROP_IN, PROGRAMS, output_of, run_tests

MODULES = (
    "",
    ".config",
    ".default_callbacks",
    ".exceptions",
    ".internal_utils",
    ".jwt_manager",
    ".tokens",
    ".typing",
    ".utils",
    ".view_decorators",
)

# Of a module's own functions, the parameters; of its classes, the members. A module re-exports the
# exceptions as well.
SURVEY = f"""
import importlib, inspect, json
import flask_jwt_extended.exceptions as exceptions

def describe(value):
    if inspect.isclass(value):
        return sorted(name for name in vars(value) if name[0] != "_")
    parameters = inspect.signature(value).parameters.values()
    return [(p.name, repr(p.default)) for p in parameters if p.kind != p.VAR_KEYWORD]

def survey(module):
    names = vars(importlib.import_module(module))
    owners = {{module, exceptions.__name__}}
    return {{
        name: describe(value)
        for name, value in names.items()
        if inspect.isfunction(value) or inspect.isclass(value)
        if value.__module__ in owners or "watchword" in value.__module__
    }}

print(json.dumps({{name: survey("flask_jwt_extended" + name) for name in {MODULES!r}}}))
"""
# `*args, **kwargs` there: a loader takes the header and the claims.
TAKES_WHATEVER_THERE = "user_lookup"


@pytest.mark.parametrize("program", ["private_names.py", "replaced_functions.py"])
@pytest.mark.parametrize("how", [(), DROP_IN], ids=["original", "drop-in"])
def test_programs_that_use_private_names_behave_the_same(
    how: tuple[str, ...], program: str
) -> None:
    done = run_tests(*how, files=[PROGRAMS / program], cwd=PROGRAMS)
    assert done.returncode == 0, done.stdout


PROGRAMS_OF_THE_DROP_IN = [
    "mixed_imports.py",
    "release_3.py",
    "request_state.py",
    "warning_places.py",
]


@pytest.mark.parametrize("program", PROGRAMS_OF_THE_DROP_IN)
def test_programs_that_only_the_drop_in_can_run_succeed(program: str) -> None:
    done = run_tests(*DROP_IN, files=[PROGRAMS / program], cwd=PROGRAMS)
    assert done.returncode == 0, done.stdout


def test_every_name_of_every_module_exists_with_its_parameters(tmp_path: Path) -> None:
    script = tmp_path / "survey.py"
    script.write_text(SURVEY)
    theirs = json.loads(output_of(str(script), cwd=tmp_path))
    ours = json.loads(output_of(*DROP_IN, str(script), cwd=tmp_path))
    assert theirs.keys() == ours.keys()
    assert [text for module in theirs for text in differences(theirs[module], ours[module])] == []


def differences(theirs: dict[str, Any], ours: dict[str, Any]) -> Iterator[str]:
    for name, described in theirs.items():
        if name not in ours:
            yield f"{name} is not there"
        elif name != TAKES_WHATEVER_THERE and not alike(described, ours[name]):
            yield f"{name} has {ours[name]} where {described} is expected"


def alike(theirs: list[Any], ours: list[Any]) -> bool:
    # Arguments whose names mark them as unused are never given by name.
    return len(theirs) == len(ours) and all(
        there == here or there[0].startswith("_") for there, here in zip(theirs, ours, strict=True)
    )


def test_classes_are_those_of_watchword(tmp_path: Path) -> None:
    script = tmp_path / "identity.py"
    script.write_text(
        "import flask_jwt_extended, flask_watchword\n"
        "from flask_jwt_extended import exceptions\n"
        "from flask_watchword.extension import errors\n"
        "assert flask_jwt_extended.JWTManager is flask_watchword.JWTManager\n"
        "names = [name for name in vars(errors) if name.endswith(('Error', 'Required'))]\n"
        "assert len(names) >= 9\n"
        "assert all(getattr(exceptions, name) is getattr(errors, name) for name in names)\n"
    )
    output_of(*DROP_IN, str(script), cwd=tmp_path)
