"""A program run under the drop-in has the same environment as when ``python`` runs it."""

from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile

import pytest

from flask_watchword.dropin.finder import SERVED
from tests.dropin.runs import DROP_IN, output_of, run_python

# Everything that a program can observe of its start.
REPORT = """
import sys
main = sys.modules["__main__"]
print(sys.argv, __name__, __file__, __package__, sys.path, sep="\\n")
print(__spec__ and (__spec__.name, __spec__.origin), type(__loader__).__name__, __cached__)
print(main.__dict__ is globals(), sorted(globals().keys() - {"__annotations__"}))
"""


def lay_out(folder: Path) -> None:
    (folder / "report.py").write_text(REPORT)
    for package in (folder / "pack", folder / "elsewhere", folder / "directory"):
        package.mkdir()
        (package / "__main__.py").write_text(REPORT)
        (package / "__init__.py").touch()
        (package / "inner.py").write_text(REPORT)
    (folder / "link.py").symlink_to(folder / "elsewhere" / "inner.py")
    with ZipFile(folder / "app.pyz", "w") as archive:
        archive.writestr("__main__.py", REPORT)


@pytest.mark.parametrize(
    "program",
    [
        ("-m", "report"),
        ("-m", "pack"),
        ("-m", "pack.inner", "-m", "--flag", "word"),
        ("report.py",),
        ("elsewhere/inner.py", "-m", "--flag", "word"),
        ("./link.py",),
        ("directory", "word"),
        ("app.pyz", "word"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("flags", [(), ("-P",)], ids=["", "safe-path"])
def test_program_observes_the_same_as_under_python_itself(
    tmp_path: Path, program: tuple[str, ...], flags: tuple[str, ...]
) -> None:
    lay_out(tmp_path)
    expected = run_python(*flags, *program, cwd=tmp_path, environment={"PYTHONPATH": str(SERVED)})
    done = run_python(*flags, *DROP_IN, *program, cwd=tmp_path)
    assert (done.stdout, done.returncode) == (expected.stdout, expected.returncode)


@pytest.mark.parametrize("status", [0, 3, "'text'", None])
@pytest.mark.parametrize("how", [["exits.py"], ["-m", "exits"]], ids=["script", "module"])
def test_exit_status_is_the_programs(tmp_path: Path, how: Sequence[str], status: object) -> None:
    (tmp_path / "exits.py").write_text(f"raise SystemExit({status})")
    expected = run_python(*how, cwd=tmp_path)
    done = run_python(*DROP_IN, *how, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (expected.returncode, expected.stderr)


@pytest.mark.parametrize("how", [["fails.py"], ["-m", "fails"]], ids=["script", "module"])
def test_exception_of_the_program_ends_it_with_its_traceback(
    tmp_path: Path, how: Sequence[str]
) -> None:
    (tmp_path / "fails.py").write_text("import json\njson.loads('nonsense')\n")
    done = run_python(*DROP_IN, *how, cwd=tmp_path)
    assert done.returncode == 1
    assert 'fails.py", line 2' in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        ([], 2, "usage: python -m flask_watchword.dropin"),
        (["--version"], 2, "usage: python -m flask_watchword.dropin"),
        (["-m"], 2, "usage: python -m flask_watchword.dropin"),
        (["missing.py"], 2, "can't open file"),
        (["-m", "missing_module"], 1, "No module named missing_module"),
        (["-m", "missing_package.module"], 1, "No module named missing_package.module"),
    ],
)
def test_program_that_cannot_be_run_is_named(
    tmp_path: Path, arguments: list[str], status: int, complaint: str
) -> None:
    done = run_python(*DROP_IN, *arguments, cwd=tmp_path)
    assert done.returncode == status
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_module_with_a_failing_import_reports_it_itself(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("import missing_module")
    (tmp_path / "pack" / "program.py").touch()
    done = run_python(*DROP_IN, "-m", "pack.program", cwd=tmp_path)
    assert done.returncode == 1
    assert "No module named 'missing_module'" in done.stderr


def test_classes_of_a_script_can_be_pickled(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import pickle\n"
        "class Thing: pass\n"
        "assert isinstance(pickle.loads(pickle.dumps(Thing())), Thing)\n"
    )
    output_of(*DROP_IN, "app.py", cwd=tmp_path)


def test_threads_that_outlive_a_script_still_find_its_main_module(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import sys, threading\n"
        "def work():\n"
        "    threading.main_thread().join()\n"
        "    print(sys.modules['__main__'].__file__)\n"
        "threading.Thread(target=work).start()\n"
    )
    assert output_of(*DROP_IN, "app.py", cwd=tmp_path).strip() == str(tmp_path / "app.py")


WHOSE = "import flask_jwt_extended as f; print('dropin' in f.__file__)"


@pytest.mark.parametrize("how", [["app.py"], ["-m", "app"]], ids=["script", "module"])
def test_program_and_its_child_processes_are_served(tmp_path: Path, how: Sequence[str]) -> None:
    (tmp_path / "app.py").write_text(
        f"import subprocess, sys\n{WHOSE}\n"
        f"print(subprocess.check_output([sys.executable, '-c', {WHOSE!r}], text=True))\n"
    )
    assert output_of(*DROP_IN, *how, cwd=tmp_path).split() == ["True", "True"]


def test_spawned_worker_is_served(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import multiprocessing\n"
        "def whose():\n"
        "    import flask_jwt_extended\n"
        "    return 'dropin' in flask_jwt_extended.__file__\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.apply(whose))\n"
    )
    assert output_of(*DROP_IN, "app.py", cwd=tmp_path).strip() == "True"


def test_search_path_of_python_is_kept_for_child_processes(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import os; print(os.environ['PYTHONPATH'])")
    inherited = {"PYTHONPATH": "/somewhere"}
    first = run_python(*DROP_IN, "app.py", cwd=tmp_path, environment=inherited).stdout.strip()
    assert first.endswith(":/somewhere")
    again = run_python(*DROP_IN, "app.py", cwd=tmp_path, environment={"PYTHONPATH": first})
    assert again.stdout.strip() == first


def test_package_of_that_name_beside_the_program_is_not_imported(tmp_path: Path) -> None:
    (tmp_path / "flask_jwt_extended").mkdir()
    (tmp_path / "flask_jwt_extended" / "__init__.py").touch()
    (tmp_path / "app.py").write_text(WHOSE)
    assert output_of(*DROP_IN, "app.py", cwd=tmp_path).strip() == "True"
