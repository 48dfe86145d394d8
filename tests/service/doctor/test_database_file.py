"""The file of a SQLite database: who reads it, and where it lies."""

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
def test_a_file_that_others_read_is_told(
    open_folder: Path, beside: str, mode: int, level: Level
) -> None:
    file = open_folder / "watchword.db"
    file.touch(0o600)
    (open_folder / f"watchword.db{beside}").touch()
    (open_folder / f"watchword.db{beside}").chmod(mode)
    found = check_file_mode(file)
    assert found.level is level
    assert level is Level.OK or f"watchword.db{beside}" in found.says


def test_who_does_not_own_the_file_is_told_to_be_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "watchword.db"
    file.touch()
    assert check_owner(file).level is Level.OK
    found = check_owner(file, os.geteuid() + 1)
    assert found.level is Level.PROBLEM
    assert f"sudo -u {pwd.getpwuid(os.geteuid()).pw_name} " in found.remedy


def test_a_file_that_is_not_there_yet_is_fine(tmp_path: Path) -> None:
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
def test_a_disk_over_the_network_is_a_problem(file: str, level: Level) -> None:
    assert check_file_system(Path(file), MOUNTS).level is level


def test_the_disk_of_this_test_is_known(tmp_path: Path) -> None:
    assert check_file_system(tmp_path / "watchword.db").says != "unknown"


def test_without_a_table_of_mounts_nothing_is_said_against_it() -> None:
    assert check_file_system(Path("/watchword.db"), "").level is Level.OK
