"""The file of a SQLite database: its permissions and its file system."""

import os
import pwd
from pathlib import Path

import pytest

from flask_watchword.extension.checks.results import Level
from flask_watchword.service.checks.database_file import (
    check_file_mode,
    check_file_system,
    check_owner,
)


@pytest.mark.parametrize("beside", ["", "-wal", ".master-key"])
@pytest.mark.parametrize(
    ("mode", "level"), [(0o600, Level.OK), (0o640, Level.WARNING), (0o644, Level.PROBLEM)]
)
def test_file_readable_by_others_is_reported(
    open_folder: Path, beside: str, mode: int, level: Level
) -> None:
    file = open_folder / "watchword.db"
    file.touch(0o600)
    (open_folder / f"watchword.db{beside}").touch()
    (open_folder / f"watchword.db{beside}").chmod(mode)
    found = check_file_mode(file)
    assert found.level is level
    assert level is Level.OK or f"watchword.db{beside}" in found.says


def test_user_who_does_not_own_the_file_is_advised_to_change_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "watchword.db"
    file.touch()
    assert check_owner(file).level is Level.OK
    found = check_owner(file, os.geteuid() + 1)
    assert found.level is Level.PROBLEM
    assert f"sudo -u {pwd.getpwuid(os.geteuid()).pw_name} " in found.remedy


def test_missing_file_is_fine(tmp_path: Path) -> None:
    assert check_owner(tmp_path / "watchword.db").level is Level.OK
    assert check_file_mode(tmp_path / "watchword.db").level is Level.OK


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
nas:/homes /srv nfs4 rw 0 0
/dev/sdb1 /srv/local xfs rw 0 0
//nas/share /srv/with\\040space cifs rw 0 0
me@nas:/ /srv/over fuse.sshfs rw 0 0
/dev/sdc1 /srv/over ext4 rw 0 0
unreadable
"""


@pytest.mark.parametrize(
    ("file", "level"),
    [
        ("/var/lib/watchword.db", Level.OK),
        ("/srv/watchword.db", Level.PROBLEM),
        ("/srv/deeper/in/it/watchword.db", Level.PROBLEM),
        ("/srv/local/watchword.db", Level.OK),
        ("/srv/locality/watchword.db", Level.PROBLEM),
        ("/srv/with space/watchword.db", Level.PROBLEM),
        ("/srv/over/watchword.db", Level.OK),
    ],
)
def test_network_file_system_is_a_problem(file: str, level: Level) -> None:
    assert check_file_system(Path(file), MOUNTS).level is level


def test_file_system_of_this_test_is_recognised(tmp_path: Path) -> None:
    assert check_file_system(tmp_path / "watchword.db").says != "unknown"


def test_without_a_mount_table_nothing_is_reported() -> None:
    assert check_file_system(Path("/watchword.db"), "").level is Level.OK
