"""Flask-JWT-Extended's own tests have the same outcomes on Watchword.

They run unchanged under the drop-in, and without it with one name changed.

They are in its source distribution, which is fetched from the package index configured for pip, at
the version and with the hash of the lock file. No part of it is kept.
"""

import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.dropin.runs import DROP_IN, run_tests

LOCK = Path(__file__).parents[2] / "requirements" / "dev.txt"
DISTRIBUTION = "flask-jwt-extended"

Outcomes = dict[str, str]


def locked_requirement() -> str:
    """Return the lock's entry for the distribution: its version and hashes."""
    entries = LOCK.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    return next(entry for entry in entries if entry.startswith(f"{DISTRIBUTION}=="))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fetch and unpack the source distribution."""
    folder = tmp_path_factory.mktemp("upstream")
    (folder / "requirement.txt").write_text(locked_requirement())
    fetch = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--no-binary",
        ":all:",
    ]
    fetch += ["--require-hashes", "--requirement", "requirement.txt", "--dest", "fetched"]
    subprocess.run(fetch, cwd=folder, check=True, timeout=300)
    (archive,) = (folder / "fetched").iterdir()
    with tarfile.open(archive) as packed:
        if hasattr(tarfile, "data_filter"):  # Python 3.11.4 and later
            packed.extraction_filter = tarfile.data_filter
        packed.extractall(folder / "unpacked")  # noqa: S202 - its hash has been checked
    (root,) = (folder / "unpacked").iterdir()
    return root


def outcomes(root: Path, *how: str) -> Outcomes:
    """Run the suite and return the outcome of each test."""
    report = root / "report.xml"
    done = run_tests(*how, files=["tests", f"--junitxml={report}"], cwd=root)
    assert report.exists(), done.stdout + done.stderr
    cases = ET.parse(report).iter("testcase")  # noqa: S314 - pytest has just written it
    return {f"{case.get('classname')}::{case.get('name')}": outcome(case) for case in cases}


def outcome(case: ET.Element) -> str:
    found = [child.tag for child in case if child.tag in {"failure", "error", "skipped"}]
    return found[0] if found else "passed"


@pytest.fixture(scope="module")
def theirs(source: Path) -> Outcomes:
    """Return the outcome of each test with the original."""
    theirs = outcomes(source)
    assert len(theirs) > 150
    assert list(theirs.values()).count("passed") > 150
    return theirs


def test_every_upstream_test_has_the_same_outcome_under_the_drop_in(
    source: Path, theirs: Outcomes
) -> None:
    assert outcomes(source, *DROP_IN) == theirs


def test_every_upstream_test_has_the_same_outcome_with_the_name_changed(
    source: Path, theirs: Outcomes, tmp_path: Path
) -> None:
    changed = tmp_path / "tests"
    changed.mkdir()
    for file in (source / "tests").glob("*.py"):
        text = file.read_text(encoding="utf-8")
        (changed / file.name).write_text(text.replace("flask_jwt_extended", "flask_watchword"))
    assert outcomes(tmp_path) == theirs
