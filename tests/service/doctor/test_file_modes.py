"""Who else can get at a file."""

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
def test_what_a_file_says_counts_in_an_open_folder(
    open_folder: Path, mode: int, others: bool, group: bool
) -> None:
    file = open_folder / "secret"
    file.touch()
    file.chmod(mode)
    assert (others_reach(file), group_reaches(file)) == (others, group)


def test_a_closed_folder_keeps_others_from_what_is_in_it(open_folder: Path) -> None:
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


def test_what_is_not_there_is_reached_by_nobody(open_folder: Path) -> None:
    assert not others_reach(open_folder / "nothing")
