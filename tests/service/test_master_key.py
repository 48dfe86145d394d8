import stat
from dataclasses import replace
from pathlib import Path

import pytest

from flask_watchword.keys.encryption import DecryptionFailed
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.signing.master_key import load_encryptor, master_key_file

ONE, OTHER = "A" * 43, "B" * 42 + "A"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database=f"sqlite:///{tmp_path}/store.db")


def test_configured_key_is_used_and_no_file_is_created(settings: Settings, tmp_path: Path) -> None:
    sealed = load_encryptor(replace(settings, master_key=ONE)).encrypt(b"private", "here")
    assert load_encryptor(replace(settings, master_key=ONE)).decrypt(sealed, "here") == b"private"
    with pytest.raises(DecryptionFailed):
        load_encryptor(replace(settings, master_key=OTHER)).decrypt(sealed, "here")
    assert list(tmp_path.iterdir()) == []


def test_new_master_key_is_listed_before_the_one_it_replaces(settings: Settings) -> None:
    sealed = load_encryptor(replace(settings, master_key=ONE)).encrypt(b"private", "here")
    both = load_encryptor(replace(settings, master_key=f"{OTHER}, {ONE}"))
    assert both.decrypt(sealed, "here") == b"private"
    reencrypted = both.encrypt(b"private", "here")
    assert (
        load_encryptor(replace(settings, master_key=OTHER)).decrypt(reencrypted, "here")
        == b"private"
    )


def test_without_a_key_one_is_generated_beside_the_sqlite_database(
    settings: Settings, tmp_path: Path
) -> None:
    sealed = load_encryptor(settings).encrypt(b"private", "here")
    assert load_encryptor(settings).decrypt(sealed, "here") == b"private"
    assert [file.name for file in tmp_path.iterdir()] == ["store.db.master-key"]
    assert stat.S_IMODE((tmp_path / "store.db.master-key").stat().st_mode) == 0o600


def test_database_server_requires_a_configured_key() -> None:
    settings = Settings(database="postgresql+psycopg://ada:hidden@db/accounts")
    with pytest.raises(InvalidSetting, match="WATCHWORD_MASTER_KEY: is required") as refused:
        load_encryptor(settings)
    assert "hidden" not in str(refused.value)
    assert "token_urlsafe(32)" in str(refused.value)
    assert master_key_file(settings) is None


def test_invalid_key_file_is_rejected_and_kept(settings: Settings) -> None:
    file = master_key_file(settings)
    assert file is not None
    file.touch(mode=0o600)
    file.write_text("hidden")
    with pytest.raises(
        InvalidSetting, match=r"store\.db\.master-key: contains no master key"
    ) as no:
        load_encryptor(settings)
    assert "hidden" not in str(no.value)
    assert file.read_text() == "hidden"
