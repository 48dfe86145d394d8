"""The public names, which are imported at their first use."""

import subprocess
import sys

import pytest

import flask_watchword
from flask_watchword.extension import public
from tests.extension.public_names import PUBLIC_NAMES


def test_star_import_imports_exactly_the_public_names() -> None:
    imported: dict[str, object] = {}
    exec("from flask_watchword import *", imported)  # noqa: S102 - a function cannot import *
    assert imported.keys() - {"__builtins__"} == PUBLIC_NAMES


def test_star_import_omits_names_that_need_an_extra() -> None:
    assert "Watchword" not in PUBLIC_NAMES
    assert flask_watchword.Watchword.__module__ == "flask_watchword.service.watchword"


def test_public_name_is_that_of_its_module() -> None:
    for name in PUBLIC_NAMES:
        assert getattr(flask_watchword, name) is getattr(public, name)


def test_public_names_are_listed_by_dir() -> None:
    assert set(dir(flask_watchword)) >= PUBLIC_NAMES


@pytest.mark.parametrize("name", ["jwt_requierd", "_private", "__wrapped__"])
def test_unknown_name_is_an_attribute_error(name: str) -> None:
    with pytest.raises(AttributeError, match=f"'flask_watchword' has no attribute '{name}'"):
        getattr(flask_watchword, name)


def test_private_name_is_looked_up_without_loading_flask() -> None:
    program = (
        "import sys, flask_watchword; hasattr(flask_watchword, '__wrapped__'); "
        "print('flask' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert found.stdout.decode().strip() == "False"
