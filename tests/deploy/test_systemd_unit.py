"""The systemd unit."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from flask_watchword.service.features.table import FEATURES, settings_of
from tests.docs.pages import ROOT, text_of

UNIT = ROOT / "deploy" / "systemd" / "watchword.service"
TEXT = text_of(UNIT)

#: The highest accepted exposure level of `systemd-analyze security`; 0 is full isolation.
EXPOSURE = 1.5


def entries(section: str) -> dict[str, list[str]]:
    """Return the values of each name in a section, in order."""
    _, found, rest = TEXT.partition(f"[{section}]\n")
    assert found
    lines = [line for line in rest.partition("\n[")[0].splitlines() if line.strip()]
    pairs = [line.split("=", 1) for line in lines if not line.startswith("#")]
    found_values: dict[str, list[str]] = {}
    for name, value in pairs:
        found_values.setdefault(name, []).append(value)
    return found_values


SERVICE = entries("Service")


def test_unit_has_three_sections_of_valid_entries() -> None:
    assert re.findall(r"^\[(\w+)\]$", TEXT, re.MULTILINE) == ["Unit", "Service", "Install"]
    for line in TEXT.splitlines():
        assert not line.strip() or re.match(r"#|\[\w+\]$|[A-Z]\w+=", line), line


def test_every_secret_is_a_credential_for_a_setting_that_takes_a_file() -> None:
    files = {}
    for variable in SERVICE["Environment"]:
        name, value = variable.split("=", 1)
        if name.endswith("_FILE"):
            files[name.removeprefix("WATCHWORD_").removesuffix("_FILE").lower()] = value
    assert files.keys() <= {setting.name for setting in settings_of(FEATURES) if setting.is_secret}
    loaded = dict(one.split(":", 1) for one in SERVICE["LoadCredential"])
    assert sorted(files.values()) == sorted(f"%d/{name}" for name in loaded)
    assert loaded == {name: f"/etc/watchword/{name}" for name in loaded}


def test_reload_is_sighup_and_stop_waits_for_requests_in_progress() -> None:
    assert SERVICE["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert SERVICE["KillMode"] == ["mixed"]
    assert int(SERVICE["TimeoutStopSec"][0]) > 10


def test_unit_runs_as_a_dynamic_user_and_writes_only_to_its_own_directory() -> None:
    output = {name: SERVICE[name] for name in ("DynamicUser", "ProtectSystem", "StateDirectory")}
    assert output == {
        "DynamicUser": ["yes"],
        "ProtectSystem": ["strict"],
        "StateDirectory": ["watchword"],
    }
    assert SERVICE["CapabilityBoundingSet"] == [""]


def test_systemd_accepts_the_unit_and_its_isolation(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("there is no systemd here")
    # It checks that the executables exist.
    copy = tmp_path / UNIT.name
    copy.write_text(TEXT.replace("/opt/watchword/bin/watchword", "/bin/true"), encoding="utf-8")
    security = ["security", "--offline=true", "--no-pager", f"--threshold={round(10 * EXPOSURE)}"]
    for arguments in (["verify"], security):
        done = subprocess.run(
            [analyze, *arguments, copy], capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        if arguments == ["verify"]:
            assert done.stderr == ""
