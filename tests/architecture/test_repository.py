"""The published content: the tracked files, the lock file, and the wheel."""

import re
import shutil
import subprocess
import tomllib
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements" / "dev.txt"

# In pieces, so that this file does not contain the searched text.
REGISTRY_HOSTS = ["files.python" + "hosted", "py" + "pi.org", "/simple" + "/", "index" + "-url ="]
MACHINE_PATHS = ["/wo" + "rk/", "/t" + "mp/plan", "/ro" + "ot/", "/ho" + "me/", ".py" + "env"]


def tracked_files() -> list[Path]:
    """Return the files tracked by git."""
    git = shutil.which("git")
    assert git is not None
    listing = subprocess.run(
        [git, "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    paths = [ROOT / name for name in listing.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def tracked_texts() -> Iterator[tuple[Path, str]]:
    for path in tracked_files():
        content = path.read_bytes()
        if b"\0" not in content:
            yield path.relative_to(ROOT), content.decode("utf-8")


def test_every_tracked_file_is_reviewable_text() -> None:
    texts = {path for path, _ in tracked_texts()}
    assert [str(path) for path in tracked_files() if path.relative_to(ROOT) not in texts] == []


@pytest.mark.parametrize("needle", REGISTRY_HOSTS + MACHINE_PATHS)
def test_no_tracked_file_names_a_registry_or_a_path_of_one_machine(needle: str) -> None:
    assert [str(path) for path, text in tracked_texts() if needle in text] == []


def locked(lock: Path = LOCK) -> dict[str, str]:
    """Return each requirement of a lock with the options that follow it."""
    entries = lock.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    return dict(entry.split("==", maxsplit=1) for entry in entries if entry)


@pytest.mark.parametrize("name", ["dev.txt", "service.txt", "build.txt", "demo.txt"])
def test_every_locked_requirement_has_a_hash(name: str) -> None:
    requirements = locked(LOCK.with_name(name))
    assert [name for name, rest in requirements.items() if "--hash=sha256:" not in rest] == []


def test_lock_has_every_requirement_of_the_package_and_of_development() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        wanted += extra
    development = (ROOT / "requirements" / "dev.in").read_text(encoding="utf-8").splitlines()
    wanted += [line for line in development if line and not line.startswith("#")]
    assert names_of(wanted) - locked().keys() == set()


def versions(lock: Path) -> dict[str, str]:
    return {name: rest.split()[0] for name, rest in locked(lock).items()}


def names_of(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=; ]", requirement)[0].lower() for requirement in requirements}


@pytest.mark.parametrize("name", ["service.txt", "build.txt", "demo.txt"])
def test_image_and_demo_install_the_tested_versions(name: str) -> None:
    ours, image = versions(LOCK), versions(LOCK.with_name(name))
    assert image
    assert image.items() <= ours.items()


def test_image_gets_every_requirement_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        wanted += extra
    assert names_of(wanted) - locked(LOCK.with_name("service.txt")).keys() == set()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """Build the wheel as for a release, without network access."""
    directory = str(tmp_path_factory.mktemp("dist"))
    artifact = next(WheelBuilder(str(ROOT)).build(directory=directory, versions=["standard"]))
    with zipfile.ZipFile(artifact) as archive:
        yield archive


def metadata_of(wheel: zipfile.ZipFile, name: str) -> str:
    path = next(path for path in wheel.namelist() if path.endswith(f".dist-info/{name}"))
    return wheel.read(path).decode("utf-8")


def test_wheel_is_marked_as_typed(wheel: zipfile.ZipFile) -> None:
    assert "flask_watchword/py.typed" in wheel.namelist()


def test_wheel_contains_exactly_the_files_of_the_package(
    wheel: zipfile.ZipFile,
) -> None:
    # Modules, templates of e-mail, scripts of Valkey, and the files of the page at /docs.
    source = ROOT / "src"
    files = {
        path.relative_to(source).as_posix()
        for path in tracked_files()
        if path.is_relative_to(source)
    }
    shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert {Path(name).suffix for name in files} > {".py", ".lua", ".css", ".txt"}
    assert shipped == files


def test_bare_wheel_requires_only_its_five_dependencies(
    wheel: zipfile.ZipFile,
) -> None:
    headers = HeaderParser().parsestr(metadata_of(wheel, "METADATA"))
    required = headers.get_all("Requires-Dist", [])
    bare = [requirement for requirement in required if "extra ==" not in requirement]
    names = {re.split(r"[<>=]", requirement)[0] for requirement in bare}
    assert names == {"flask", "pyjwt[crypto]", "msgspec", "blinker", "cryptography"}


def test_wheel_installs_the_watchword_command(wheel: zipfile.ZipFile) -> None:
    assert "watchword = flask_watchword.cli.main:main" in metadata_of(wheel, "entry_points.txt")


def test_wheel_contains_the_license(wheel: zipfile.ZipFile) -> None:
    assert metadata_of(wheel, "licenses/LICENSE").startswith("MIT License")
