"""Which other users can access a file."""

from pathlib import Path

import pytest

from flask_watchword.service.checks.file_modes import group_reaches, others_reach


@pytest.mark.parametrize(
    ("mode", "others", "group"),
    [
        (0o600, False, False),
        (0o640, False, True),
        (0o604, True, False),
        (0o602, True, False),
        (0o711, False, False),
    ],
)
def test_mode_of_a_file_applies_in_an_open_directory(
    open_folder: Path, mode: int, others: bool, group: bool
) -> None:
    file = open_folder / "secret"
    file.touch()
    file.chmod(mode)
    assert (others_reach(file), group_reaches(file)) == (others, group)


def test_closed_directory_protects_its_files(open_folder: Path) -> None:
    closed = open_folder / "closed"
    (closed / "deeper").mkdir(parents=True)
    file, link = closed / "deeper" / "secret", open_folder / "link"
    file.touch()
    file.chmod(0o644)
    link.symlink_to(file)
    assert others_reach(file)
    assert others_reach(link)
    closed.chmod(0o700)
    assert not others_reach(file)
    assert not others_reach(link)


def test_missing_file_is_accessible_to_no_one(open_folder: Path) -> None:
    assert not others_reach(open_folder / "nothing")
