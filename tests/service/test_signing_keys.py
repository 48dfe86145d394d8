import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest

from flask_watchword.infra.factory import upgrade_database
from flask_watchword.keys.changes import KeyOperationError
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.signing.signing_keys import key_manager, key_policy
from flask_watchword.service.stores import opened_keys, prepare


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database=f"sqlite:///{tmp_path}/store.db")


def test_keys_follow_the_settings() -> None:
    settings = Settings(
        key_algorithm="ES256",
        key_rotation_days=7,
        key_publish_seconds=60,
        access_token_seconds=900,
        refresh_token_seconds=1800,
    )
    policy = key_policy(settings)
    assert (policy.algorithm, policy.rotation, policy.lead) == ("ES256", 7 * 86_400.0, 60.0)
    assert policy.token == 1800.0
    assert key_policy(replace(settings, access_token_seconds=7200)).token == 7200.0


def test_first_start_creates_the_key_and_the_next_one_keeps_it(settings: Settings) -> None:
    prepare(settings)
    with opened_keys(settings) as keys:
        first = keys.load()
    prepare(settings)
    with opened_keys(settings) as keys:
        assert keys.load() == first
    assert len(first.keys) == 1


def test_another_master_key_stops_the_start_in_one_line_and_changes_nothing(
    settings: Settings,
) -> None:
    prepare(settings)
    with opened_keys(settings) as keys:
        before = keys.load()
    with pytest.raises(InvalidSetting, match="WATCHWORD_MASTER_KEY: does not decrypt") as refused:
        prepare(replace(settings, master_key="B" * 42 + "A"))
    assert "nothing was changed" in str(refused.value)
    assert "\n" not in str(refused.value)
    with opened_keys(settings) as keys:
        assert keys.load() == before
    prepare(settings)


def test_lost_master_key_file_stops_the_start(settings: Settings, tmp_path: Path) -> None:
    prepare(settings)
    file = tmp_path / "store.db.master-key"
    file.unlink()
    with pytest.raises(InvalidSetting, match=r"store\.db\.master-key: is missing"):
        prepare(settings)


def test_database_contains_no_plain_private_key(settings: Settings, tmp_path: Path) -> None:
    prepare(settings)
    master = (tmp_path / "store.db.master-key").read_bytes().strip()
    for file in tmp_path.glob("store.db*"):
        if not file.name.endswith(".master-key"):
            assert b"PRIVATE KEY" not in file.read_bytes()
            assert master not in file.read_bytes()


def test_first_key_is_the_only_one_and_has_the_default_algorithm(settings: Settings) -> None:
    prepare(settings)
    with opened_keys(settings) as keys:
        assert [key.algorithm for key in keys.load().keys] == ["EdDSA"]


def test_master_key_is_in_no_repr(settings: Settings) -> None:
    settings = replace(settings, master_key="C" * 42 + "A", demo=True)
    prepare(settings)
    shown = repr((settings, create_app(settings).extensions))
    assert "C" * 20 not in shown


def start(settings: Settings) -> None:
    prepare(settings)


def rotates(settings: Settings) -> bool:
    with opened_keys(settings) as keys:
        try:
            key_manager(settings, keys).rotate()
        except KeyOperationError:
            return False
    return True


@pytest.mark.server
@pytest.mark.parametrize("place", ["sqlite", "postgres_url"])
def test_one_of_several_processes_creates_the_first_key_and_one_rotates(
    place: str, request: pytest.FixtureRequest, settings: Settings
) -> None:
    if place != "sqlite":
        settings = replace(settings, database=request.getfixturevalue(place))
    settings = replace(settings, master_key="A" * 43)
    upgrade_database(settings.database)
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.map(start, [settings] * 8, chunksize=1)
        with opened_keys(settings) as keys:
            assert len(keys.load().keys) == 1
        assert pool.map(rotates, [settings] * 8, chunksize=1).count(True) == 1
    with opened_keys(settings) as keys:
        assert len(keys.load().keys) == 2
