import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import make_url

from flask_watchword.cli.main import main
from flask_watchword.infra.sql import migrations
from flask_watchword.infra.sql.engine import open_engine, writing
from tests.second_migration import FIRST, SECOND, add_second_migration

VERSIONS = Path(migrations.__file__).parent / "versions"
NEWEST = max(file.name[1:5] for file in VERSIONS.glob("r[0-9]*.py"))
REFUSED = "postgresql+psycopg://ada:secret@127.0.0.1:1/shop"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def db(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["db", *arguments])


def change(url: str, statement: str) -> None:
    engine = open_engine(url)
    with writing(engine) as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def pretend(url: str, revision: str) -> None:
    change(url, f"UPDATE watchword_alembic_version SET version_num = '{revision}'")  # noqa: S608


@pytest.mark.server
@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_url_in_the_form_of_hosting_platforms_is_accepted(
    new_postgres_url: str, scheme: str
) -> None:
    url = f"{scheme}://{new_postgres_url.partition('://')[2]}"
    assert db("upgrade", "--database", url).exit_code == 0
    result = CliRunner().invoke(main, ["db", "current"], env={"WATCHWORD_DATABASE": url})
    assert (result.exit_code, result.output.endswith("the newest\n")) == (0, True)


@pytest.mark.parametrize(
    ("command", "url"),
    [
        (["db", "upgrade", "--database"], "postgres://ada:hidden@db/x?sslmod=require"),
        (["db", "current", "--database"], "postgresql://ada:hidden@db/x?connect_timeout=soon"),
        (["user", "list", "--database"], "postgres://ada:hidden@db/x?port=soon"),
        (["purge", "--store"], "rediss://:hidden@cache/0?retry=1"),
        (["purge", "--store"], "postgres://ada:hidden@db/x?sslmod=require"),
        (["serve", "--valkey"], "redis://:hidden@cache/0?timeout=5"),
    ],
)
def test_unknown_driver_option_is_one_line(command: list[str], url: str) -> None:
    result = CliRunner().invoke(main, [*command, url])
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert "the URL has an option" in result.output
    assert "hidden" not in result.output


def test_upgrade_creates_the_schema_and_says_so(new_database_url: str) -> None:
    result = db("upgrade", "--database", new_database_url)
    assert result.exit_code == 0, result.output
    is_file = new_database_url.startswith("sqlite")
    assert result.output.startswith("Created " if is_file else "Upgraded ")
    assert result.output.endswith(f" at revision {NEWEST}.\n" if is_file else f" to {NEWEST}.\n")
    assert db("current", "--database", new_database_url).exit_code == 0


def test_second_upgrade_changes_nothing_and_says_so(new_database_url: str) -> None:
    db("upgrade", "--database", new_database_url)
    result = db("upgrade", "--database", new_database_url)
    assert result.exit_code == 0, result.output
    assert result.output.endswith(f" is at revision {NEWEST}, the newest\n")


def test_upgrade_applies_the_migrations_after_the_current_one(
    new_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db("upgrade", "--database", new_database_url)
    add_second_migration(monkeypatch, tmp_path)
    behind = db("current", "--database", new_database_url)
    assert behind.exit_code == 1
    assert behind.output.endswith(f" is at revision {FIRST}; the newest is {SECOND}\n")
    assert db("upgrade", "--database", new_database_url).output.endswith(
        f" from {FIRST} to {SECOND}.\n"
    )
    assert db("current", "--database", new_database_url).exit_code == 0


def test_database_without_a_schema_is_not_current(new_database_url: str) -> None:
    if new_database_url.startswith("sqlite"):
        Path("store.db").touch()
    result = db("current", "--database", new_database_url)
    assert result.exit_code == 1
    assert result.output.endswith(f" has no schema yet; the newest revision is {NEWEST}\n")


def test_schema_of_a_later_version_is_left_unchanged(new_database_url: str) -> None:
    db("upgrade", "--database", new_database_url)
    pretend(new_database_url, "9999")
    for command in ("current", "upgrade"):
        result = db(command, "--database", new_database_url)
        assert result.exit_code == 1
        assert "is at revision 9999 of a later Watchword version" in result.output
        assert result.output.count("\n") == 1


def test_database_is_chosen_as_for_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    assert db("upgrade").exit_code == 0
    assert Path("watchword.db").exists()
    monkeypatch.setenv("WATCHWORD_DATABASE", "sqlite:///other.db")
    assert db("upgrade").exit_code == 0
    assert Path("other.db").exists()
    assert db("upgrade", "--database", "sqlite:///third.db").exit_code == 0
    assert Path("third.db").exists()


def test_new_database_file_is_readable_by_its_owner_only() -> None:
    db("upgrade")
    assert stat.S_IMODE(Path("watchword.db").stat().st_mode) == 0o600


def test_inspecting_a_missing_database_does_not_create_it() -> None:
    result = db("current")
    assert result.exit_code == 1
    assert result.output == (
        f"Error: there is no database at {Path('watchword.db').absolute()}; "
        "create it with `watchword serve` or `watchword db upgrade`, or name another with "
        "--database\n"
    )
    assert not Path("watchword.db").exists()


@pytest.mark.parametrize("command", ["upgrade", "current"])
@pytest.mark.parametrize(
    "url",
    [
        "nowhere",
        "secret",
        "sqlite://host/file.db",
        "mysql://ada:secret@host/shop",
        "postgresql+psycopg2://ada:secret@host/shop",
        "postgresql+psycopg://ada:p@host:secret/shop",
    ],
)
def test_unsupported_url_is_rejected_with_the_supported_forms(command: str, url: str) -> None:
    result = db(command, "--database", url)
    assert result.exit_code == 1
    assert result.output == (
        "Error: WATCHWORD_DATABASE: is not a URL like "
        "sqlite:///watchword.db, postgresql://user@host/name\n"
    )


@pytest.mark.parametrize("command", ["upgrade", "current"])
def test_unreachable_server_is_one_line_without_the_password(command: str) -> None:
    result = db(command, "--database", REFUSED)
    assert result.exit_code == 69
    assert result.output.startswith("Error: a store does not respond: ")
    assert result.output.count("\n") == 1
    assert "secret" not in result.output


@pytest.mark.parametrize("command", ["upgrade", "current"])
def test_file_that_is_not_a_database_is_one_line(command: str) -> None:
    Path("watchword.db").write_bytes(b"this is no database " * 500)
    result = db(command)
    assert result.exit_code == 69
    assert result.output == "Error: a store does not respond: file is not a database\n"


@pytest.mark.server
def test_role_without_permission_to_create_tables_is_one_line(new_postgres_url: str) -> None:
    change(new_postgres_url, "CREATE ROLE guest LOGIN")
    try:
        guest = make_url(new_postgres_url).set(username="guest").render_as_string()
        result = db("upgrade", "--database", guest)
    finally:
        change(new_postgres_url, "DROP ROLE guest")
    assert result.exit_code == 1
    assert result.output.startswith("Error: the database refuses: permission denied")
    assert result.output.count("\n") == 1


@pytest.mark.server
def test_server_database_is_shown_with_name_and_host(new_postgres_url: str) -> None:
    where = make_url(new_postgres_url)
    assert db("upgrade", "--database", new_postgres_url).output == (
        f"Upgraded {where.database} on {where.host} to {NEWEST}.\n"
    )


def test_missing_driver_is_named_with_its_extra(tmp_path: Path) -> None:
    # The driver is installed in the test environment; None in sys.modules hides it.
    program = (
        "import sys\nsys.modules['psycopg'] = None\nfrom flask_watchword.cli.main import main\n"
        f"sys.argv = ['watchword', 'db', 'current', '--database', {REFUSED!r}]\nmain()"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert run.returncode == 1
    assert run.stderr == (
        "Error: psycopg is not installed; the extra `postgres` brings it: "
        "pip install 'Flask-Watchword[postgres]'\n"
    )
