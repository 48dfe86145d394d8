"""A database restored without its master key file: no command generates another key."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from flask import Flask

from flask_watchword import Watchword
from flask_watchword.cli.main import main
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.load_settings import read_settings
from flask_watchword.service.signing import master_key
from flask_watchword.service.stores import opened_keys, prepare

EMAIL = "ada@example.com"

#: How to call each command; every new command has to be added.
COMMANDS: dict[tuple[str, ...], list[str]] = {
    ("audit", "tail"): [],
    ("audit", "trim"): ["--older-than", "1d"],
    ("audit", "verify"): [],
    ("db", "current"): [],
    ("db", "upgrade"): [],
    ("doctor",): [],
    ("import",): ["users.csv"],
    ("keys", "export-public"): [],
    ("keys", "import"): ["-", "--algorithm", "HS256"],
    ("keys", "list"): [],
    ("keys", "reseal"): [],
    ("keys", "retire"): ["KID"],
    ("keys", "revoke"): ["KID"],
    ("keys", "rotate"): [],
    ("purge",): [],
    ("serve",): ["--workers", "1"],
    ("session", "end"): [EMAIL, "--all"],
    ("session", "list"): [EMAIL],
    ("token", "inspect"): ["-"],
    ("token", "verify"): ["-"],
    ("user", "add"): [EMAIL],
    ("user", "delete"): [EMAIL, "--yes"],
    ("user", "disable"): [EMAIL],
    ("user", "enable"): [EMAIL],
    ("user", "list"): [],
    ("user", "roles"): [EMAIL, "admin"],
    ("user", "scopes"): [EMAIL, "read"],
    ("user", "set-password"): [EMAIL],
    ("user", "show"): [EMAIL],
}

#: Those that require a master key.
NEED_IT = [
    ("import",),
    ("keys", "import"),
    ("keys", "reseal"),
    ("keys", "revoke"),
    ("keys", "rotate"),
    ("serve",),
    ("user", "add"),
    ("user", "set-password"),
]


@pytest.fixture
def file(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The missing master key file; the database has signing keys and no other encrypted values."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WATCHWORD_DATABASE", sqlite_url)
    # If a server starts by mistake, it stops immediately.
    monkeypatch.setattr("flask_watchword.cli.serving.supervisor.Supervisor.run", _refuse_to_serve)
    Path("users.csv").write_text(f"email\n{EMAIL}\n")
    settings = read_settings()
    prepare(settings)
    (found,) = tmp_path.glob("*.master-key")
    found.unlink()
    return found


def _refuse_to_serve(*_: object, **__: object) -> None:
    raise AssertionError("it serves")


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if not isinstance(command, click.Group):
        yield path
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from leaves(found, (*path, name))


def run(path: tuple[str, ...], *options: str) -> Result:
    password = "a password that is long and hard to guess 1!\n" * 2
    return CliRunner().invoke(main, [*path, *COMMANDS[path], *options], input=password)


def kid() -> str:
    with opened_keys(read_settings()) as keys:
        return keys.load().keys[0].kid


def test_every_command_is_listed_here() -> None:
    assert set(leaves(main)) == set(COMMANDS)


def test_no_command_generates_a_master_key_for_existing_encrypted_values(file: Path) -> None:
    for path in COMMANDS:
        result = run(path)
        assert not file.exists(), (path, result.output)
        assert not isinstance(result.exception, AssertionError), path


@pytest.mark.parametrize("path", NEED_IT, ids=" ".join)
def test_command_that_needs_the_key_names_the_missing_file(
    path: tuple[str, ...], file: Path
) -> None:
    result = run(path)
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()[-1:]
    assert f"{file.name}: is missing" in line
    assert "nothing was changed" in line
    assert "Restore this file" in line


def test_application_that_mounts_the_service_does_not_generate_one(file: Path) -> None:
    settings = read_settings()
    with pytest.raises(InvalidSetting, match=rf"{file.name}: is missing"):
        Watchword(Flask("host"), settings=settings)
    with pytest.raises(InvalidSetting, match=rf"{file.name}: is missing"):
        create_app(settings)
    assert not file.exists()


def test_doctor_reports_the_missing_file_and_creates_nothing(file: Path) -> None:
    result = run(("doctor",))
    assert result.exit_code == 1
    assert f"{file.name} is missing" in result.output.replace("\n", " ").replace("  ", " ")
    assert not file.exists()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO watchword_totp (user_id, sealed_secret, created_at, last_step)"
        " VALUES ('ada', x'00', 0, 0)",
        "INSERT INTO watchword_outbox (id, recipient, kind, sealed_body, created_at, expires_at,"
        " attempts) VALUES ('1', 'ada@example.com', 'x', x'00', 0, 9e9, 0)",
    ],
    ids=["authenticator", "e-mail"],
)
def test_totp_secrets_and_mail_require_the_key_as_signing_keys_do(
    file: Path, statement: str
) -> None:
    with closing(sqlite3.connect(read_settings().database_file or "")) as db, db:
        db.execute("DELETE FROM watchword_keys")
        db.execute(statement)
    assert f"{file.name}: is missing" in run(("user", "add")).stderr
    assert not file.exists()


def test_database_without_encrypted_values_gets_a_master_key(file: Path) -> None:
    with closing(sqlite3.connect(read_settings().database_file or "")) as db, db:
        db.execute("DELETE FROM watchword_keys")
    assert run(("keys", "rotate")).exit_code == 0
    assert file.exists()


def test_key_may_be_given_instead_of_its_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The lost file held another key, so this one cannot decrypt the values; but it is not missing.
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", "B" * 42 + "A")
    result = run(("keys", "rotate"))
    assert "WATCHWORD_MASTER_KEY: does not decrypt" in result.stderr
    assert not file.exists()


def test_lost_key_is_replaced_by_an_explicit_command(file: Path) -> None:
    revoke = ["keys", "revoke", "--lost-master-key", kid()]
    assert CliRunner().invoke(main, revoke).exit_code == 0
    assert file.exists()
    settings = read_settings()
    prepare(settings)
    with opened_keys(settings) as keys:
        assert {key.revoked_at is None for key in keys.load().keys} == {True, False}


def test_two_concurrent_starts_both_succeed(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHWORD_DATABASE", sqlite_url)
    settings = read_settings()

    def other_starts_first(url: str) -> bool:
        monkeypatch.undo()
        monkeypatch.setenv("WATCHWORD_DATABASE", sqlite_url)
        prepare(settings)
        return True

    monkeypatch.setattr(master_key, "holds_encrypted_values", other_starts_first)
    prepare(settings)
