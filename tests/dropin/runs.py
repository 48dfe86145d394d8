"""Run programs in fresh interpreters, with and without the drop-in."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = Path(__file__).with_name("programs")
DROP_IN = ("-m", "flask_watchword.dropin")

#: Installed plugins are disabled in the pytest runs that tests start.
ENVIRONMENT = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
ENVIRONMENT.pop("PYTHONPATH", None)

_ADDRESS = re.compile(r"Running on http://127\.0\.0\.1:(\d+)")


def run_python(
    *arguments: str, cwd: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``python`` with some arguments and return what it printed and its exit status."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=ENVIRONMENT | (environment or {}),
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )


def output_of(*arguments: str, cwd: Path) -> str:
    """Run ``python`` with some arguments; return its output if it succeeds."""
    done = run_python(*arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_tests(
    *how: str, files: Sequence[str | Path], cwd: Path
) -> subprocess.CompletedProcess[str]:
    """Run pytest over some files; ``how`` precedes ``-m pytest``."""
    # Ours would need the tests as a package.
    options = [
        "-q",
        "-rA",
        "-p",
        "no:cacheprovider",
        "--noconftest",
        "--rootdir",
        str(cwd),
        "-c",
        os.devnull,
    ]
    return run_python(*how, "-m", "pytest", *options, *map(str, files), cwd=cwd)


@contextmanager
def serving(*program: str, cwd: Path) -> Iterator[int]:
    """Start a Flask server under the drop-in and yield the port that it prints."""
    with subprocess.Popen(
        [sys.executable, *DROP_IN, *program],
        cwd=cwd,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        try:
            yield next(int(port[1]) for line in process.stderr if (port := _ADDRESS.search(line)))
        finally:
            process.terminate()
            process.communicate(timeout=30)
