"""The commands and examples of README, CONTRIBUTING and the first pages work."""

import json
import re
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from click import Group
from flask import Flask

from flask_watchword.accounts.passwords import Passwords
from flask_watchword.cli.main import main
from flask_watchword.clock import system_clock
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import context_of
from flask_watchword.service.features.demo.demo_user import (
    DEMO_EMAIL,
    DEMO_PASSWORD,
    add_demo_user,
    make_expired_token,
)
from flask_watchword.service.features.demo.walkthrough import walkthrough
from tests.docs.pages import (
    ARCHITECTURE,
    CONTRIBUTING,
    DOCS,
    PAGES,
    README,
    ROOT,
    between,
    blocks,
    text_of,
)
from tests.memory_stores.users import MemoryUserStore
from tests.service.places import stores_around

TEXT = text_of(README)
SERVICE = DOCS / "service" / "getting-started.md"
PROJECT = text_of(ROOT / "pyproject.toml")


def test_every_named_make_target_exists() -> None:
    targets = set(re.findall(r"^(\w+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", TEXT, re.MULTILINE))
    assert named == {"bench", "demo", "test"}
    named |= set(re.findall(r"(?:`|^)make ([a-z]+)", text_of(CONTRIBUTING), re.MULTILINE))
    assert named <= targets


def test_every_named_extra_exists() -> None:
    lists = re.findall(r"pip install (?:-e )?'\.\[([\w,]+)\]'", TEXT)
    named = {extra for names in lists for extra in names.split(",")}
    assert named == {"ed25519", "postgres", "service", "sqlite", "valkey"}
    assert all(re.search(rf"^{extra} = \[", PROJECT, re.MULTILINE) for extra in named)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_named_watchword_command_exists(page: Path) -> None:
    inline = re.findall(r"`watchword ((?:[a-z-]+ ?)+)", text_of(page))
    typed = re.findall(
        r"^(?:\S*/)?watchword ((?:[a-z-]+ ?)+)", "\n".join(blocks(page, "sh")), re.MULTILINE
    )
    for words in inline + typed:
        command: Any = main
        for word in words.split():
            if not isinstance(command, Group):
                break  # an argument
            command = command.commands[word]


def test_every_module_it_runs_exists() -> None:
    modules = re.findall(r"python -m ([\w.]+)", TEXT)
    assert modules
    assert all(find_spec(module) for module in modules)


def test_every_shell_line_is_valid() -> None:
    assert all(shlex.split(code, comments=True) for code in blocks(README, "sh"))


@pytest.fixture(autouse=True)
def _secret_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET_KEY", "k" * 64)


@pytest.mark.parametrize("page", [README, ARCHITECTURE], ids=lambda page: page.name)
def test_every_python_block_runs(page: Path) -> None:
    for number, code in enumerate(blocks(page, "python")):
        exec(compile(code, f"{page.name}-{number}", "exec"), {"__name__": "readme"})  # noqa: S102


def the_application() -> Flask:
    (code,) = blocks(README, "python")
    found: dict[str, Any] = {"__name__": "readme"}
    exec(compile(code, "README.md", "exec"), found)  # noqa: S102 - it is our own page
    app = found["app"]
    assert isinstance(app, Flask)
    return app


def test_application_requires_a_token() -> None:
    client = the_application().test_client()
    assert client.get("/whoami").status_code == 401
    token = client.post("/login").json["access_token"]  # type: ignore[index]
    answer = client.get("/whoami", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json) == (200, {"logged_in_as": "alice"})


def test_application_has_an_import_and_five_lines_of_watchword() -> None:
    (code,) = blocks(README, "python")
    imported, rest = re.split(r"^app = ", code, flags=re.MULTILINE)
    names = re.findall(r"[\w]+", imported.partition("flask_watchword import ")[2])
    ours = re.compile("|".join([*names, "JWT_SECRET_KEY"]))
    assert sum(bool(ours.search(line)) for line in rest.splitlines()) == 5


def test_migration_changes_one_import() -> None:
    (change,) = blocks(README, "diff")
    before, after = change.splitlines()
    assert (before[0], after[0]) == ("-", "+")
    assert before[1:].replace("flask_jwt_extended", "flask_watchword") == after[1:]
    exec(before[1:], {})  # noqa: S102 - the import of a development dependency
    exec(after[1:], {})  # noqa: S102 - and our own


def test_demo_script_of_the_page_is_the_printed_one() -> None:
    shown = between(text_of(SERVICE), "walkthrough")
    (code,) = re.findall(r"```sh\n(.*)```\n", shown, re.DOTALL)
    printed = walkthrough("http://127.0.0.1:5000", "...")
    assert printed.partition("another terminal.\n")[2].strip() == code.strip()


@pytest.fixture
def demo(tmp_path: Path) -> Flask:
    users = MemoryUserStore()
    add_demo_user(users, Passwords(), system_clock)
    settings = Settings(
        database=f"sqlite:///{tmp_path}/unused.db", master_key="A" * 43, demo=True, workers=1
    )
    return create_app(settings, stores=stores_around(users))


def test_responses_of_the_page_are_those_of_the_demo(demo: Flask) -> None:
    client = demo.test_client()

    def bearer(token: str) -> dict[str, dict[str, str]]:
        return {"headers": {"Authorization": f"Bearer {token}"}}

    refreshed: Any
    login: Any = client.post("/login", json={"email": DEMO_EMAIL, "password": DEMO_PASSWORD}).json
    answers: list[Any] = [
        login,
        client.get("/protected-route", **bearer(login["access_token"])).json,
        (refreshed := client.post("/refresh", **bearer(login["refresh_token"])).json),
        client.post(
            "/expired", **bearer(make_expired_token(demo, context_of(demo).stores.users))
        ).json,
    ]
    logout = client.post("/logout", **bearer(refreshed["access_token"]))
    assert (logout.status_code, logout.data) == (204, b"")
    answers.append(client.get("/protected-route", **bearer(refreshed["access_token"])).json)
    for answer in answers:
        answer.update({name: "..." for name in answer if name in ("access_token", "refresh_token")})
    shown = blocks(SERVICE, "json")[-1]
    assert [json.loads(line) for line in shown.splitlines()] == answers
