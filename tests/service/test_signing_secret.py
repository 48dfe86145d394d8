import os
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from flask_watchword.service import signing_secret as signing_secret_module
from flask_watchword.service.settings import InvalidSetting, Settings
from flask_watchword.service.signing_secret import signing_secret


def secret_file(settings: Settings) -> Path:
    file = signing_secret_module.secret_file(settings)
    assert file is not None
    return file


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database=f"sqlite:///{tmp_path}/store.db")


def test_a_configured_secret_is_used_and_no_file_is_made(settings: Settings) -> None:
    assert signing_secret(replace(settings, secret_key="s" * 32)) == "s" * 32
    assert not secret_file(settings).exists()


def test_a_generated_secret_is_kept_for_the_next_start(settings: Settings) -> None:
    first = signing_secret(settings)
    assert len(first) >= 64
    assert signing_secret(settings) == first


def test_each_database_has_a_secret_of_its_own(settings: Settings, tmp_path: Path) -> None:
    other = replace(settings, database=f"sqlite:///{tmp_path}/other.db")
    assert signing_secret(settings) != signing_secret(other)


def test_the_file_is_for_its_owner_alone_and_stands_beside_the_database(
    settings: Settings, tmp_path: Path
) -> None:
    previous = os.umask(0)
    try:
        signing_secret(settings)
    finally:
        os.umask(previous)
    assert [file.name for file in tmp_path.iterdir()] == ["store.db.secret"]
    assert stat.S_IMODE((tmp_path / "store.db.secret").stat().st_mode) == 0o600


def test_whoever_starts_at_the_same_moment_gets_the_same_secret(settings: Settings) -> None:
    with ThreadPoolExecutor(16) as pool:
        secrets = set(pool.map(lambda _: signing_secret(settings), range(64)))
    assert len(secrets) == 1
    assert len(list(secret_file(settings).parent.iterdir())) == 1


def test_a_secret_that_others_can_read_is_refused(settings: Settings) -> None:
    signing_secret(settings)
    secret_file(settings).chmod(0o644)
    with pytest.raises(InvalidSetting, match="other users can read"):
        signing_secret(settings)


def test_a_link_in_the_place_of_the_secret_is_refused(settings: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "planted"
    elsewhere.touch(mode=0o600)
    elsewhere.write_text("s" * 64)
    secret_file(settings).symlink_to(elsewhere)
    with pytest.raises(InvalidSetting, match=r"\.secret: cannot keep a secret"):
        signing_secret(settings)


def test_a_pipe_in_the_place_of_the_secret_is_refused_at_once(settings: Settings) -> None:
    os.mkfifo(secret_file(settings), 0o600)
    with pytest.raises(InvalidSetting, match="is no regular file"):
        signing_secret(settings)


def test_a_secret_of_another_user_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing_secret(settings)
    somebody_else = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody_else)
    with pytest.raises(InvalidSetting, match="belongs to another user"):
        signing_secret(settings)


def test_a_secret_that_is_too_short_is_refused(settings: Settings) -> None:
    file = secret_file(settings)
    file.touch(mode=0o600)
    file.write_text("short")
    with pytest.raises(InvalidSetting, match="fewer than 32 bytes"):
        signing_secret(settings)


def test_without_a_place_for_a_file_a_secret_has_to_be_given() -> None:
    settings = Settings(database="postgresql+psycopg://ada:hidden@db/accounts")
    with pytest.raises(InvalidSetting, match="WATCHWORD_SECRET_KEY: is needed") as refused:
        signing_secret(settings)
    assert "hidden" not in str(refused.value)
    assert "token_urlsafe" in str(refused.value)
    assert signing_secret(replace(settings, secret_key="s" * 32)) == "s" * 32


def test_a_folder_that_does_not_exist_is_refused_in_one_line(tmp_path: Path) -> None:
    settings = Settings(database=f"sqlite:///{tmp_path}/missing/store.db")
    with pytest.raises(InvalidSetting, match="cannot keep a secret"):
        signing_secret(settings)
