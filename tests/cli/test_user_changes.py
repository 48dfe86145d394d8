"""Management of accounts and sessions on the command line, over SQLite and PostgreSQL."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from click.testing import CliRunner, Result

from flask_watchword.accounts.audit import Event
from flask_watchword.cli.main import main
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.features.sessions.http.sessions import Device
from flask_watchword.service.load_settings import read_settings
from flask_watchword.service.stores import opened_stores, prepare
from tests.service.under_test import BETTER, GOOD, ServiceUnderTest

EMAIL = "Ada@Example.com"
TIMEOUT = 30.0
HTTP_NAMES = set(Device.__struct_fields__)
Watchword = Callable[..., Result]


@pytest.fixture
def settings(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("WATCHWORD_DATABASE", database_url)
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", "A" * 43)
    settings = read_settings()
    prepare(settings)
    return settings


@pytest.fixture
def watchword(settings: Settings) -> Watchword:
    def run(*arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(main, arguments, input=typed)

    added = run("user", "add", EMAIL, "--role", "editor", "--password-stdin", typed=f"{GOOD}\n")
    assert added.exit_code == 0, added.output
    return run


@contextmanager
def serving(settings: Settings) -> Iterator[ServiceUnderTest]:
    """Yield a service over the same database."""
    with opened_stores(settings) as stores:
        app = create_app(settings, stores=stores)
        try:
            yield ServiceUnderTest(app)
        finally:
            # Otherwise their threads would reopen the database after it is closed.
            stores.stop_waiting()
            app.extensions["watchword"].close()


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def refused(result: Result) -> str:
    assert result.exit_code == 1, result.output
    (line,) = result.output.splitlines()
    return line


def events(settings: Settings) -> list[Event]:
    with opened_stores(settings) as stores:
        return [entry.event for entry in stores.accounts.repositories.audit_log.after(0, 100)]


def test_added_user_is_verified_has_roles_and_is_in_the_audit_log(
    settings: Settings, watchword: Watchword
) -> None:
    shown = json.loads(done(watchword("user", "show", EMAIL.upper(), "--json")))
    assert (shown["email"], shown["roles"], shown["scopes"]) == (EMAIL, ["editor"], [])
    assert shown["email_verified_at"] == shown["created_at"]
    assert "password_hash" not in shown
    (event,) = events(settings)
    assert (event.event, event.subject, event.detail["actor"]) == (
        "user_added",
        shown["id"],
        "command line",
    )
    by_id = done(watchword("user", "show", shown["id"]))
    assert f"email\t{EMAIL}" in by_id


def test_users_are_listed_by_part_of_their_address_and_as_json(watchword: Watchword) -> None:
    for name in ("bob", "carol"):
        done(watchword("user", "add", f"{name}@x.org", "--password-stdin", typed=f"{BETTER}\n"))
    lines = done(watchword("user", "list", "--json", "--search", "X.org")).splitlines()
    assert [json.loads(line)["email"] for line in lines] == ["bob@x.org", "carol@x.org"]


def test_disabled_user_is_rejected_by_the_next_request_to_a_running_service(
    settings: Settings, watchword: Watchword
) -> None:
    with serving(settings) as service:
        pair = service.pair(EMAIL)
        assert service.me(pair["access_token"]).status_code == 200
        assert done(watchword("user", "disable", EMAIL)) == f"{EMAIL} is disabled.\n"
        assert service.post("/refresh", pair["refresh_token"]).status_code == 401
        assert service.log_in(EMAIL).status_code == 401
        done(watchword("user", "enable", EMAIL))
        assert service.log_in(EMAIL).status_code == 200
    assert [event.event for event in events(settings) if event.detail.get("actor")] == [
        "user_added",
        "user_disabled",
        "user_enabled",
    ]


def test_roles_and_scopes_are_shown_set_and_removed(watchword: Watchword) -> None:
    assert done(watchword("user", "roles", EMAIL)) == f"{EMAIL} has roles: editor\n"
    assert done(watchword("user", "roles", EMAIL, "b", "a")) == f"{EMAIL} has roles: a b\n"
    assert done(watchword("user", "roles", EMAIL, "--none")) == f"{EMAIL} has no roles.\n"
    assert done(watchword("user", "scopes", EMAIL, "x:y")) == f"{EMAIL} has scopes: x:y\n"
    assert "is invalid" in refused(watchword("user", "roles", EMAIL, "two words"))
    assert watchword("user", "roles", EMAIL, "a", "--none").exit_code == 2


def test_last_admin_cannot_be_removed(watchword: Watchword) -> None:
    done(watchword("user", "roles", EMAIL, "admin"))
    for arguments in (
        ("user", "disable", EMAIL),
        ("user", "roles", EMAIL, "--none"),
        ("user", "delete", EMAIL, "--yes"),
    ):
        assert "make another user admin first" in refused(watchword(*arguments))


def test_new_password_ends_every_session(settings: Settings, watchword: Watchword) -> None:
    weak = watchword("user", "set-password", EMAIL, "--password-stdin", typed="password\n")
    assert "password rejected" in refused(weak)
    with serving(settings) as service:
        pair = service.pair(EMAIL)
    typed = f"{BETTER}\n{BETTER}\n"
    output = done(watchword("user", "set-password", EMAIL, typed=typed))
    assert BETTER not in output
    with serving(settings) as service:
        assert service.me(pair["access_token"]).status_code == 401
        assert service.log_in(EMAIL, GOOD).status_code == 401
        assert service.log_in(EMAIL, BETTER).status_code == 200


def test_sessions_are_listed_and_ended(settings: Settings, watchword: Watchword) -> None:
    with serving(settings) as service:
        pairs = [service.pair(EMAIL) for _ in range(3)]
    lines = done(watchword("session", "list", EMAIL, "--json")).splitlines()
    listed = list(map(json.loads, lines))
    assert len(listed) == 3
    assert all(set(one) <= HTTP_NAMES for one in listed)
    assert listed[0]["created_at"] <= listed[0]["last_seen_at"] < listed[0]["expires_at"]
    assert listed[0]["id"] in done(watchword("session", "list", EMAIL))
    done(watchword("session", "end", EMAIL, listed[0]["id"]))
    assert "no session with this id" in refused(watchword("session", "end", EMAIL, listed[0]["id"]))
    assert done(watchword("session", "end", EMAIL, listed[1]["id"], "--json"))
    assert done(watchword("session", "end", EMAIL, "--all")) == f"Ended 1 session of {EMAIL}.\n"
    with serving(settings) as service:
        assert [service.me(pair["access_token"]).status_code for pair in pairs] == [401] * 3
    assert watchword("session", "end", EMAIL).exit_code == 2
    assert "not both" in watchword("session", "end", EMAIL, "some", "--all").stderr
    assert [event.event for event in events(settings)][-2:] == ["session_ended", "sessions_ended"]


@pytest.mark.parametrize("session_id", ["-J3x", "-h3x", "--json3x"])
def test_session_id_may_begin_with_a_hyphen(
    session_id: str, settings: Settings, watchword: Watchword, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, serving(settings) as service:
        patch.setattr(
            "flask_watchword.sessions.session.secrets.token_urlsafe", lambda _: session_id
        )
        pair = service.pair(EMAIL)
    assert session_id in done(watchword("session", "end", EMAIL, session_id))
    with serving(settings) as service:
        assert service.me(pair["access_token"]).status_code == 401


def test_user_is_deleted_after_confirmation(settings: Settings, watchword: Watchword) -> None:
    declined = watchword("user", "delete", EMAIL, "--json", typed="n\n")
    assert declined.exit_code == 1
    assert json.loads(declined.stderr.splitlines()[-1])["error"]["code"] == "interrupted"
    silent = watchword("user", "delete", EMAIL, "--json", typed="")
    assert silent.exit_code == 2
    error = json.loads(silent.stderr.splitlines()[-1])["error"]
    assert (error["code"], "--yes" in error["message"]) == ("usage", True)
    done(watchword("user", "show", EMAIL))
    done(watchword("user", "delete", EMAIL, typed="y\n"))
    assert "see: watchword user list" in refused(watchword("user", "show", EMAIL))
    assert events(settings)[-1].event == "user_deleted"


def test_missing_database_is_one_line_and_is_not_created(
    tmp_path: object, watchword: Watchword
) -> None:
    for arguments in (("user", "show", EMAIL), ("session", "list", EMAIL)):
        gone = watchword(*arguments, "--database", f"sqlite:///{tmp_path}/none.db")
        assert "there is no database at" in refused(gone)
