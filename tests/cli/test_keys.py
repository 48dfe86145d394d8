import json
import re
import sqlite3
import stat
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import jwt
import pytest
from click.testing import CliRunner, Result

from flask_watchword.cli import output
from flask_watchword.cli.main import main
from flask_watchword.infra.factory import opened_audit_log
from flask_watchword.keys.material import new_material
from flask_watchword.service.app import create_app
from flask_watchword.service.load_settings import read_settings
from flask_watchword.service.stores import opened_stores, prepare
from flask_watchword.sessions.revocation import RevocationKind
from tests.cli.conftest import Serve

PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
MASTER_KEY = "A" * 43


@pytest.fixture(autouse=True)
def _served_before(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that has been served once, used by every command in this file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WATCHWORD_DATABASE", sqlite_url)
    prepare(read_settings())


def keys(*arguments: str, typed: str | bytes = "") -> Result:
    return CliRunner().invoke(main, ["keys", *arguments], input=typed)


def listed() -> list[dict[str, Any]]:
    return list(map(json.loads, keys("list", "--json").output.splitlines()))


def kid_of(state: str) -> str:
    (kid,) = [key["kid"] for key in listed() if key["state"] == state]
    return str(kid)


def states() -> list[str]:
    return [key["state"] for key in listed()]


def test_served_database_has_one_active_key() -> None:
    (key,) = listed()
    assert (key["state"], key["algorithm"], key["verify_until"]) == ("active", "EdDSA", None)


def test_piped_output_has_one_tab_separated_line_per_key() -> None:
    keys("rotate")
    lines = [line.split("\t") for line in keys("list").output.splitlines()]
    assert [line[1] for line in lines] == ["next", "active"]
    assert {len(line) for line in lines} == {6}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", lines[0][4])


def test_terminal_output_is_a_table_with_complete_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "160")
    result = keys("list")
    assert "Signs from" in result.output
    assert kid_of("active") in result.output


def test_missing_keys_are_reported_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "sqlite:///fresh.db"
    CliRunner().invoke(main, ["db", "upgrade", "--database", url])
    assert keys("list", "--database", url).output == ""
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    told = keys("list", "--database", url).output
    assert (
        " ".join(told.split()) == "There are no keys yet. The service creates one when it starts."
    )


def test_rotation_publishes_now_and_signs_later() -> None:
    first = kid_of("active")
    result = keys("rotate")
    assert result.exit_code == 0, result.output
    waiting = kid_of("next")
    assert result.output.startswith(f"{waiting} is published and signs from ")
    assert kid_of("active") == first
    (key,) = [key for key in listed() if key["kid"] == waiting]
    assert key["active_from"] - key["published_at"] == 3600


def test_second_rotation_is_one_line_and_changes_nothing() -> None:
    keys("rotate")
    before = listed()
    result = keys("rotate")
    assert result.exit_code == 1
    why = f"{kid_of('next')} is published already and does not sign yet"
    assert result.output == f"Error: {why}; see: watchword keys list\n"
    assert listed() == before


def test_immediate_rotation_signs_now_and_help_names_the_risk() -> None:
    keys("rotate", "--now")
    assert states() == ["active", "retiring"]
    assert "reject its tokens until" in " ".join(keys("rotate", "--help").output.split())


def test_key_changes_are_in_the_audit_log() -> None:
    first = kid_of("active")
    keys("rotate")
    waiting = kid_of("next")
    keys("retire", waiting)
    keys("revoke", first)
    jwk = json.dumps({**(new_material("ES256").key.jwk or {})})
    taken_in = json.loads(keys("import", "-", "--json", typed=jwk).output)["kid"]
    keys("reseal")
    keys("retire", "nobody")
    with opened_audit_log(read_settings().database) as log:
        entries = [entry.event for entry in log.after(0, 100)]
    assert [(one.event, one.detail.get("kid")) for one in entries] == [
        ("key_rotated", waiting),
        ("key_retired", waiting),
        ("key_revoked", first),
        ("key_imported", taken_in),
        ("keys_resealed", None),
    ]
    assert {one.detail["actor"] for one in entries} == {"command line"}


def test_algorithm_of_a_new_key_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHWORD_KEY_ALGORITHM", "ES256")
    keys("rotate", "--now")
    assert [key["algorithm"] for key in listed()] == ["ES256", "EdDSA"]


def test_next_key_can_be_withdrawn() -> None:
    keys("rotate")
    waiting = kid_of("next")
    assert keys("retire", waiting).output == f"{waiting} is withdrawn and will not sign.\n"
    assert states() == ["active", "retired"]


def test_active_key_cannot_be_retired() -> None:
    result = keys("retire", kid_of("active"))
    assert result.exit_code == 1
    assert "a rotation puts another key in its place" in result.output


@pytest.mark.parametrize("command", ["retire", "revoke"])
def test_unknown_key_is_one_line(command: str) -> None:
    result = keys(command, "nobody")
    assert (result.exit_code, result.output) == (
        1,
        "Error: there is no key nobody; see: watchword keys list\n",
    )


def test_revocation_replaces_the_key_and_is_recorded_for_every_process() -> None:
    stolen = kid_of("active")
    result = keys("revoke", stolen)
    assert result.exit_code == 0, result.output
    assert states() == ["active", "revoked"]
    assert kid_of("active") != stolen
    with opened_stores(read_settings()) as stores:
        (entry,) = stores.sessions.revocations(0, 0.0).entries
    assert (entry.kind, entry.value) == (RevocationKind.KEY, stolen)
    assert entry.expires_at - entry.revoked_at > 7 * 86_400
    assert keys("revoke", stolen).exit_code == 0


def json_from(url: str, token: str | None = None, body: dict[str, str] | None = None) -> Any:
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers)  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - likewise
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        return json.load(refused)["code"]


@pytest.mark.server
@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
def test_tokens_of_a_revoked_key_are_rejected_by_every_worker(
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    database: str,
    request: pytest.FixtureRequest,
) -> None:
    served = "sqlite:///demo.db"
    if database == "PostgreSQL":
        served = request.getfixturevalue("postgres_url")
    monkeypatch.setenv("WATCHWORD_DATABASE", served)
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", MASTER_KEY)
    server = serve("--workers", "2", "--demo")
    server.wait_until_it_listens()
    url = f"http://127.0.0.1:{server.port}"
    body = {"email": "test@example.com", "password": "password"}
    token = json_from(f"{url}/login", body=body)["access_token"]
    assert {json_from(f"{url}/me", token)["email"] for _ in range(20)} == {"test@example.com"}
    stolen = kid_of("active")
    assert jwt.get_unverified_header(token)["kid"] == stolen
    assert keys("revoke", stolen).exit_code == 0
    refusals, give_up_at = 0, time.monotonic() + 30
    while refusals < 40:  # consecutive responses, which then come from both workers
        assert time.monotonic() < give_up_at
        answer = json_from(f"{url}/me", token)
        refusals = refusals + 1 if answer in ("key_revoked", "unknown_key") else 0
    while jwt.get_unverified_header(token)["kid"] == stolen:  # for one second at most
        assert time.monotonic() < give_up_at
        token = json_from(f"{url}/login", body=body)["access_token"]
    assert jwt.get_unverified_header(token)["kid"] == kid_of("active")
    assert {json_from(f"{url}/me", token)["email"] for _ in range(20)} == {"test@example.com"}


def test_imported_private_key_is_next(tmp_path: Path) -> None:
    material = new_material("RS256")
    (tmp_path / "key.pem").write_bytes(material.private or b"")
    result = keys("import", "key.pem")
    assert result.exit_code == 0, result.output
    assert kid_of("next") == material.key.kid
    assert "PRIVATE" not in result.output


def test_imported_public_key_verifies_until_it_is_retired() -> None:
    material = new_material("ES256")
    jwk = json.dumps({**(material.key.jwk or {}), "kid": "theirs", "alg": "ES256"})
    assert keys("import", "-", typed=jwk).output == "theirs verifies from now on.\n"
    assert kid_of("retiring") == "theirs"
    assert keys("retire", "theirs").output.startswith("theirs verifies until 2")


@pytest.mark.parametrize("kid", ["-theirs", "-hers", "--now"])
def test_key_id_may_begin_with_a_hyphen(kid: str) -> None:
    jwk = json.dumps({**(new_material("ES256").key.jwk or {}), "kid": kid})
    keys("import", "-", typed=jwk)
    assert kid in keys("retire", kid).output
    assert f"{kid} is revoked" in keys("revoke", kid).output


@pytest.mark.parametrize("text", ["", "nothing", '{"kty": "oct", "k": "AAAA"}'])
def test_invalid_key_file_is_one_line(text: str) -> None:
    before = listed()
    result = keys("import", "-", typed=text)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert result.output.count("\n") == 1
    assert listed() == before


def test_public_keys_are_a_jwk_set_without_private_members() -> None:
    for algorithm in ("ES256", "RS256"):
        keys("import", "-", "--now", typed=new_material(algorithm).private or b"")
    document = json.loads(keys("export-public").output)
    assert sorted(key["kty"] for key in document["keys"]) == ["EC", "OKP", "RSA"]
    assert not PRIVATE_MEMBERS & {member for key in document["keys"] for member in key}
    with opened_stores(read_settings()) as stores:
        client = create_app(read_settings(), stores=stores).test_client()
        served = client.get("/.well-known/jwks.json").get_json()
    assert sorted(served["keys"], key=str) == sorted(document["keys"], key=str)


def test_listing_and_exporting_need_no_master_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHWORD_MASTER_KEY", raising=False)
    for file in Path().glob("*.master-key"):
        file.unlink()
    assert states() == ["active"]
    assert keys("export-public").exit_code == 0
    assert list(Path().glob("*.master-key")) == []


@pytest.mark.parametrize("command", [["rotate"], ["rotate", "--now"], ["revoke"], ["import", "-"]])
def test_another_master_key_is_one_line_and_changes_nothing(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = listed()
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", "B" * 42 + "A")
    arguments = [*command, kid_of("active")] if command == ["revoke"] else command
    result = keys(*arguments, typed=new_material("EdDSA").private or b"")
    assert result.exit_code == 1
    assert result.output.startswith("Error: WATCHWORD_MASTER_KEY: does not decrypt")
    assert result.output.count("\n") == 1
    assert listed() == before


def test_revocation_creates_a_new_key_when_the_master_key_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", "B" * 42 + "A")
    assert keys("revoke", "--lost-master-key", kid_of("active")).exit_code == 0
    prepare(read_settings())
    assert states() == ["active", "revoked"]


def test_missing_database_is_not_created() -> None:
    for command in (["list"], ["rotate"], ["export-public"], ["retire", "x"], ["revoke", "x"]):
        result = keys(*command, "--database", "sqlite:///elsewhere.db")
        assert result.exit_code == 1
        assert "there is no database at" in result.output
    assert list(Path().glob("elsewhere*")) == []


def test_first_key_of_an_upgraded_database_signs_immediately() -> None:
    url = "sqlite:///fresh.db"
    CliRunner().invoke(main, ["db", "upgrade", "--database", url])
    assert keys("rotate", "--database", url).exit_code == 0
    found = list(map(json.loads, keys("list", "--json", "--database", url).output.splitlines()))
    assert [key["state"] for key in found] == ["active"]


def test_another_master_key_stops_a_server_in_one_line(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", "B" * 42 + "A")
    server = serve("--workers", "1")
    assert server.process.wait(60) == 1
    assert server.output.startswith("Error: WATCHWORD_MASTER_KEY: does not decrypt")
    assert server.output.count("\n") == 1


@pytest.mark.server
def test_postgres_keys_are_managed_the_same_way(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHWORD_DATABASE", postgres_url)
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", MASTER_KEY)
    prepare(read_settings())
    first = kid_of("active")
    assert keys("rotate").exit_code == 0
    assert keys("rotate").exit_code == 1
    assert keys("revoke", first).exit_code == 0
    assert states() == ["active", "revoked"]
    assert keys("import", "-", typed=new_material("ES256").private or b"").exit_code == 0
    assert len(json.loads(keys("export-public").output)["keys"]) == 2
    monkeypatch.delenv("WATCHWORD_MASTER_KEY")
    result = keys("rotate")
    assert result.output.startswith("Error: WATCHWORD_MASTER_KEY: is required with PostgreSQL")


def test_neither_database_nor_output_contains_a_private_key(tmp_path: Path) -> None:
    material = new_material("EdDSA")
    output = keys("import", "-", typed=material.private or b"").output
    pem = (material.private or b"").split(b"\n")[1]
    file = tmp_path / "store.db"
    assert pem.decode() not in output + keys("list", "--json").output
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert pem not in file.read_bytes()
    master = tmp_path / "store.db.master-key"
    assert stat.S_IMODE(master.stat().st_mode) == 0o600
