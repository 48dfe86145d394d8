import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.signing.generated_secret import read_or_create_secret, read_secret


def fresh() -> str:
    return uuid4().hex


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db.secret"


def test_secret_is_generated_once_and_reused_at_the_next_start(file: Path) -> None:
    first = read_or_create_secret(file, fresh)
    assert read_or_create_secret(file, fresh) == first
    assert read_secret(file) == first


def test_looking_up_a_secret_does_not_create_one(file: Path) -> None:
    assert read_secret(file) is None
    assert not file.exists()


def test_file_is_readable_by_its_owner_only_and_no_other_file_remains(file: Path) -> None:
    previous = os.umask(0)
    try:
        read_or_create_secret(file, fresh)
    finally:
        os.umask(previous)
    assert list(file.parent.iterdir()) == [file]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_directory_entry_is_on_disk_before_the_secret_is_used(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[bool, bool]] = []

    def fsync(handle: int) -> None:
        synced.append((stat.S_ISDIR(os.fstat(handle).st_mode), file.exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    read_or_create_secret(file, fresh)
    assert synced == [(False, False), (True, True)]


def test_concurrent_starts_get_the_same_secret(file: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        secrets = set(pool.map(lambda _: read_or_create_secret(file, fresh), range(64)))
    assert len(secrets) == 1
    assert list(file.parent.iterdir()) == [file]


def test_secret_readable_by_others_is_rejected(file: Path) -> None:
    read_or_create_secret(file, fresh)
    file.chmod(0o644)
    with pytest.raises(InvalidSetting, match="other users can read"):
        read_or_create_secret(file, fresh)


def test_symbolic_link_in_place_of_the_secret_is_rejected(file: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "planted"
    elsewhere.touch(mode=0o600)
    elsewhere.write_text("s" * 64)
    file.symlink_to(elsewhere)
    with pytest.raises(InvalidSetting, match=r"\.secret: cannot store a secret"):
        read_or_create_secret(file, fresh)


def test_named_pipe_in_place_of_the_secret_is_rejected_without_blocking(file: Path) -> None:
    os.mkfifo(file, 0o600)
    with pytest.raises(InvalidSetting, match="is not a regular file"):
        read_or_create_secret(file, fresh)


def test_secret_owned_by_another_user_is_rejected(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_or_create_secret(file, fresh)
    somebody_else = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody_else)
    with pytest.raises(InvalidSetting, match="belongs to another user"):
        read_or_create_secret(file, fresh)


def test_missing_directory_is_rejected_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="cannot store a secret"):
        read_or_create_secret(tmp_path / "missing" / "store.db.secret", fresh)
