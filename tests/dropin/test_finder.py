"""``install()`` provides the name ``flask_jwt_extended``, and rejects a late call."""

from pathlib import Path

from tests.dropin.runs import output_of, run_python

INSTALL = "from flask_watchword.dropin import install\ninstall()\n"


def run_code(code: str, folder: Path) -> str:
    return output_of("-c", code, cwd=folder).strip()


def test_imports_after_install_are_served(tmp_path: Path) -> None:
    code = INSTALL + (
        "import flask_jwt_extended.view_decorators as module\n"
        "print('dropin' in module.__file__, module.__name__)\n"
    )
    assert run_code(code, tmp_path) == "True flask_jwt_extended.view_decorators"


def test_original_need_not_be_installed(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'flask_jwt_extended':\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "try:\n"
        "    import flask_jwt_extended\n"
        "except ModuleNotFoundError:\n"
        "    print('absent')\n"
        f"{INSTALL}"
        "import flask_jwt_extended.config\n"
        "print('dropin' in flask_jwt_extended.__file__)\n"
    )
    assert run_code(code, tmp_path).split() == ["absent", "True"]


def test_installing_twice_is_harmless(tmp_path: Path) -> None:
    code = INSTALL + "import flask_jwt_extended, sys\nfinders = len(sys.meta_path)\n" + INSTALL
    assert run_code(code + "print(len(sys.meta_path) - finders)", tmp_path) == "0"


def test_installing_after_the_original_was_imported_is_rejected(tmp_path: Path) -> None:
    done = run_python("-c", "import flask_jwt_extended\n" + INSTALL, cwd=tmp_path)
    assert done.returncode == 1
    assert "RuntimeError: flask_jwt_extended has been imported already, from" in done.stderr
    assert "call flask_watchword.dropin.install() before anything imports it" in done.stderr


def test_installing_after_a_substitute_was_imported_is_rejected(tmp_path: Path) -> None:
    stand_in = "import sys, types\nsys.modules['flask_jwt_extended'] = types.ModuleType('stub')\n"
    done = run_python("-c", stand_in + INSTALL, cwd=tmp_path)
    assert "RuntimeError: flask_jwt_extended has been imported already" in done.stderr


def test_importing_the_drop_in_installs_nothing(tmp_path: Path) -> None:
    code = (
        "import flask_watchword.dropin, flask_jwt_extended\n"
        "from flask_watchword.extension.verification import current_token\n"
        "print('dropin' in flask_jwt_extended.__file__, current_token.mirror_on_g)\n"
    )
    assert run_code(code, tmp_path) == "False False"


def test_module_that_the_original_lacks_is_missing(tmp_path: Path) -> None:
    done = run_python("-c", INSTALL + "import flask_jwt_extended.nonsense", cwd=tmp_path)
    assert "No module named 'flask_jwt_extended.nonsense'" in done.stderr
