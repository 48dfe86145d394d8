"""``watchword token verify`` reports the verdict of the service and the deciding step."""

import http.client
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import current_app

from flask_watchword.cli import output
from flask_watchword.cli.main import main
from flask_watchword.clock import system_clock
from flask_watchword.infra.factory import upgrade_database
from flask_watchword.jose import encode
from flask_watchword.keys.material import new_material
from flask_watchword.service.signing.signing_keys import key_manager, revoke_key
from flask_watchword.sessions.session import Lifetimes
from tests.cli.conftest import RunningServer, Serve
from tests.cli.service_tokens import Mint, serving, tokens_of
from tests.extension.minted_tokens import ABSENT, changed
from tests.servers.postgres import running_postgres
from tests.servers.valkey import running_valkey

MASTER_KEY = "A" * 43
#: Seconds that a verdict may take while a store is unresponsive; it takes about two.
BOUND = 60.0

#: For some tokens of the table, the step that rejects.
REFUSED_BY = {
    "of two words": "header field",
    "too large": "size",
    "of two segments": "three segments",
    "headed by a list": "header",
    "with crit": "critical extensions",
    "none": "alg",
    "of a key that nobody has": "key",
    "flipped": "signature",
    "with a list for claims": "payload",
    "issued tomorrow": "iat",
    "not yet valid": "nbf",
    "expired by a word": "exp is a date",
    "of another issuer": "iss",
    "for another audience": "aud",
    "expired, for another audience": "aud",
    "with a number for a subject": "sub",
    "with a number for a jti": "jti",
    "without subject": "required claims",
    "of another type": "type is known",
    "of another typ": "typ is known",
    "with the typ of the other type": "typ is known",
    "with cty": "cty",
    "expired": "exp",
    "to refresh": "type",
    "of a stolen key": "key not revoked",
    "of a session that was ended": "session",
    "of a subject that was revoked": "subject not revoked",
    "revoked": "token not revoked",
    "of a program": "of a person",
    "of a user who is gone": "user",
}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", MASTER_KEY)


def verify(token: str, database: str, *options: str) -> Result:
    arguments = ["token", "verify", "--database", database, *options]
    return CliRunner().invoke(main, arguments, input=token.encode())


def report(token: str, database: str, *options: str) -> dict[str, Any]:
    result = verify(token, database, "--json", *options)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    found: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == (0 if found["accepted"] else 1)
    return found


def response_to(server: RunningServer, token: str) -> tuple[int, str | None, str | None]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.putrequest("GET", "/me")
        connection.putheader("Authorization", b"Bearer " + token.encode())
        connection.endheaders()
        answer = connection.getresponse()
        body = json.loads(answer.read())
        return answer.status, body.get("code"), body.get("msg")
    finally:
        connection.close()


@pytest.mark.server
def test_verdict_on_every_token_matches_the_running_service(
    serve: Serve, database_url: str
) -> None:
    server = serve("--workers", "1", "--database", database_url)
    server.wait_until_it_listens()
    with serving(database_url) as parts:
        tokens = tokens_of(Mint(parts))
    of_service = {name: response_to(server, token) for name, token in tokens.items()}
    found = {name: report(token, database_url) for name, token in tokens.items()}
    assert {n: (f["status"], f["code"], f["msg"]) for n, f in found.items()} == of_service
    # The rejecting step has the same code.
    refused = {
        name: [s["code"] for s in f["steps"] if s["result"] == "refused"]
        for name, f in found.items()
    }
    assert refused == {n: [] if a[0] == 200 else [a[1]] for n, a in of_service.items()}
    named = {
        name: s["step"] for name, f in found.items() for s in f["steps"] if s["result"] == "refused"
    }
    assert named.items() >= REFUSED_BY.items()
    # A token that passes every step would be named here: a step would be missing.
    assert "identity (sub)" not in named.values()
    codes = {code for _, code, _ in of_service.values()}
    assert len(tokens) > 50
    assert len(codes) > 18, codes
    assert server.stop() == 0


@pytest.fixture
def mint(database_url: str) -> Iterator[Mint]:
    upgrade_database(database_url)
    with serving(database_url) as parts:
        yield Mint(parts)


def steps(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {step["step"]: (step["result"], step["says"]) for step in found["steps"]}


def test_ended_session_is_reported_with_time_and_reason(mint: Mint, database_url: str) -> None:
    pair = mint.pair()
    mint.parts.sessions.end(pair.session_id)
    result, says = steps(report(pair.access_token, database_url))["session"]
    assert result == "refused"
    assert re.search(r"generation 1, ended (now|\d+ s ago): signed_out: Token has been", says), says


def test_clock_difference_is_reported_in_words(mint: Mint, database_url: str) -> None:
    token = mint.claiming(exp=int(time.time()) - 192)
    result, says = steps(report(token, database_url))["exp"]
    assert result == "refused"
    # Independent of the delay on a slow machine.
    assert re.match(r"expired \d+ min( \d+ s)? ago, at \d{4}-", says), says


def test_every_key_is_reported_with_its_state(mint: Mint, database_url: str) -> None:
    manager = key_manager(mint.parts.settings, mint.parts.stores.keys)
    token = encode(mint.claims, new_material("EdDSA").key)
    waiting = manager.rotate()
    result, says = steps(report(token, database_url))["key"]
    assert result == "refused"
    assert f"{mint.key.kid} (active, EdDSA)" in says
    assert f"{waiting} (next, EdDSA)" in says
    revoke_key(manager, mint.parts.stores.sessions, str(mint.key.kid), master_key_is_lost=False)
    _, says = steps(report(mint.claiming(), database_url))["key"]
    assert re.search(rf"{mint.key.kid} \(revoked (now|\d+ s ago), EdDSA\)", says), says


def test_refresh_is_predicted_and_not_performed(mint: Mint, database_url: str) -> None:
    sessions = mint.parts.stores.sessions
    pair = mint.pair()
    before = sessions.get(pair.session_id)
    assert report(pair.refresh_token, database_url, "--refresh")["status"] == 200
    assert report(pair.access_token, database_url, "--refresh")["code"] == "invalid_token"
    assert report(pair.refresh_token, database_url)["code"] == "invalid_token"
    assert sessions.get(pair.session_id) == before


def test_used_refresh_token_is_reported_and_its_session_continues(
    mint: Mint, database_url: str
) -> None:
    sessions, lifetimes = mint.parts.stores.sessions, Lifetimes()
    pair = mint.pair()
    for generation in (1, 2):
        sessions.rotate(pair.session_id, generation, system_clock(), lifetimes)
    before = sessions.get(pair.session_id)
    found = report(pair.refresh_token, database_url, "--refresh")
    assert (found["status"], found["code"]) == (401, "refresh_reused")
    assert steps(found)["generation"][1].startswith("1; its session: 3")
    assert sessions.get(pair.session_id) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"sid": ABSENT},
        {"gen": ABSENT},
        {"gen": "1"},
        {"gen": True},
        {"sid": ABSENT, "gen": ABSENT},
    ],
)
def test_refresh_token_without_session_or_generation_is_rejected_as_by_the_service(
    mint: Mint, database_url: str, changes: dict[str, Any]
) -> None:
    pair = mint.pair()
    claims = {**mint.claims, "type": "refresh", "sid": pair.session_id, "gen": 1}
    good, odd = (encode(changed(claims, one), mint.key, {"typ": "rt+jwt"}) for one in ({}, changes))
    assert report(good, database_url, "--refresh")["status"] == 200
    found = report(odd, database_url, "--refresh")
    assert (found["status"], found["code"]) == (401, "session_ended")
    assert steps(found)["generation"][0] == "refused"
    answer = current_app.test_client().post("/refresh", headers={"Authorization": f"Bearer {odd}"})
    assert (answer.status_code, answer.get_json()["code"]) == (found["status"], found["code"])
    assert answer.get_json()["msg"] == found["msg"]


def test_refresh_of_a_disabled_user_is_rejected(mint: Mint, database_url: str) -> None:
    pair = mint.pair()
    mint.parts.stores.users.disable(mint.user.id, system_clock())
    found = report(pair.refresh_token, database_url, "--refresh")
    assert (found["code"], steps(found)["user"][0]) == ("user_disabled", "refused")
    assert steps(found)["generation"] == ("not reached", "")


def test_verification_changes_nothing(mint: Mint, database_url: str) -> None:
    audit = mint.parts.repositories.audit_log
    keys, events = mint.parts.stores.keys.load(), audit.after(0, 1000)
    for token in (mint.claiming(), mint.pair().refresh_token, "garbage"):
        report(token, database_url)
    assert mint.parts.stores.keys.load() == keys
    assert audit.after(0, 1000) == events


@pytest.mark.parametrize("as_json", [False, True])
def test_neither_signature_nor_csrf_value_is_ever_shown(
    mint: Mint, database_url: str, *, as_json: bool
) -> None:
    for token in (mint.claiming(csrf="hush-hush"), mint.claiming(csrf="hush-hush", aud="x")):
        for command in ("verify", "inspect"):
            arguments = ["token", command, *(["--json"] if as_json else [])]
            environ = {"WATCHWORD_DATABASE": database_url}
            result = CliRunner().invoke(main, arguments, input=token, env=environ)
            assert result.output
            assert "hush-hush" not in result.output
            assert token.rpartition(".")[2] not in result.output


@pytest.mark.parametrize("terminal", [False, True])
def test_claims_are_printed_without_terminal_control_characters(
    mint: Mint, database_url: str, monkeypatch: pytest.MonkeyPatch, *, terminal: bool
) -> None:
    monkeypatch.setattr(output, "is_terminal", lambda: terminal)
    monkeypatch.setenv("COLUMNS", "400")
    hostile = "\x1b]0;pwned\a\x1b[2J\r\n[bold]x[/bold]\N{RIGHT-TO-LEFT OVERRIDE}"
    token = mint.claiming(sub=hostile, iss=hostile)
    shown = verify(token, database_url).stdout
    assert not [c for c in shown if not c.isprintable() and c not in "\n\t"]
    assert "[bold]x[/bold]" in shown


@pytest.mark.server
def test_unresponsive_stores_are_one_line_within_bounded_time(
    mint: Mint, database_url: str
) -> None:
    with running_valkey() as valkey:
        environ = {"WATCHWORD_DATABASE": database_url, "WATCHWORD_VALKEY": valkey.url}
        began = time.monotonic()
        with valkey.frozen():
            arguments = ["token", "verify"]
            result = CliRunner().invoke(main, arguments, input=mint.claiming(), env=environ)
        assert time.monotonic() - began < BOUND
    assert result.exit_code != 0
    assert re.fullmatch(r"Error: .* does not respond: .*\n", result.stderr), result.stderr


@pytest.mark.server
def test_unresponsive_database_is_one_line_within_bounded_time() -> None:
    with running_postgres() as postgres:
        url = postgres.url.render_as_string(hide_password=False)
        upgrade_database(url)
        began = time.monotonic()
        with postgres.frozen():
            result = verify("a.b.c", url)
        assert time.monotonic() - began < BOUND
    assert result.exit_code != 0
    assert re.fullmatch(r"Error: .* does not respond: .*\n", result.stderr), result.stderr


def test_store_that_is_down_is_one_line(mint: Mint, database_url: str) -> None:
    environ = {"WATCHWORD_DATABASE": database_url, "WATCHWORD_VALKEY": "valkey://127.0.0.1:1/0"}
    arguments = ["token", "verify"]
    result = CliRunner().invoke(main, arguments, input=mint.claiming(), env=environ)
    listed = CliRunner().invoke(main, ["session", "list", "ada@example.com"], env=environ)
    assert result.exit_code == listed.exit_code != 0
    assert re.fullmatch(r"Error: .* does not respond: .*\n", result.stderr), result.stderr
    assert result.stdout == ""
