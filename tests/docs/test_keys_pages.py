"""The pages about keys: their commands and its code are run against a service."""

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import jwt
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from flask import Flask

from flask_watchword import JWTManager, create_access_token, get_jwt_identity, jwt_required
from flask_watchword.cli.main import main
from flask_watchword.jose.keyring import KeyState
from flask_watchword.keys.master_key import read_master_keys
from flask_watchword.keys.material import new_material
from flask_watchword.service.load_settings import read_settings
from flask_watchword.service.stores import prepare
from tests.docs.pages import DOCS, blocks, text_of
from tests.docs.test_service_pages import ADA, login_service, token_of
from tests.servers.flask_app import served

PAGE = DOCS / "service" / "keys.md"
IN_OPTIONS = DOCS / "extension" / "keys.md"
ROTATION, STOLEN, ELSEWHERE, MASTER_KEY = (code.splitlines() for code in blocks(PAGE, "sh"))


@pytest.fixture(autouse=True)
def _served_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("MASTER_KEY", "DATABASE"):
        monkeypatch.delenv(f"WATCHWORD_{name}", raising=False)
    prepare(read_settings())


def typed(line: str, kid: str = "") -> Result:
    program, *arguments = shlex.split(line)
    assert program == "watchword"
    result = CliRunner().invoke(main, [kid if word == "KID" else word for word in arguments])
    assert result.exit_code == 0, result.output
    return result


def states() -> dict[str, str]:
    found = list(map(json.loads, typed("watchword keys list --json").output.splitlines()))
    return {key["state"]: key["kid"] for key in found}


def test_commands_of_a_rotation_print_the_documented_output() -> None:
    before, rotated, after, exported = (typed(line).output for line in ROTATION)
    first = states()["active"]
    assert [line.split("\t")[:2] for line in before.splitlines()] == [[first, "active"]]
    waiting = states()["next"]
    assert rotated.startswith(f"{waiting} is published and signs from ")
    assert [line.split("\t")[:2] for line in after.splitlines()] == [
        [waiting, "next"],
        [first, "active"],
    ]
    assert {key["kid"] for key in json.loads(exported)["keys"]} == {first, waiting}


def test_stolen_key_is_replaced_immediately() -> None:
    stolen = states()["active"]
    typed(STOLEN[0], stolen)
    assert states()["revoked"] == stolen
    assert states()["active"] != stolen


def test_keys_are_imported(tmp_path: Path) -> None:
    material, theirs = new_material("ES256"), new_material("EdDSA")
    (tmp_path / "private.pem").write_bytes(material.private or b"")
    jwk = json.dumps(theirs.key.jwk and dict(theirs.key.jwk))
    (tmp_path / "old-public.pem").write_text(jwk)
    for line in ELSEWHERE:
        typed(line, theirs.key.kid or "")
    assert (states()["next"], states()["retiring"]) == (material.key.kid, theirs.key.kid)


def test_command_for_a_master_key_generates_one(capsys: pytest.CaptureFixture[str]) -> None:
    program, option, code = shlex.split(MASTER_KEY[0])
    assert (program, option) == ("python3", "-c")
    exec(code, {})  # noqa: S102 - it is our own page
    (key,) = read_master_keys(capsys.readouterr().out.strip())
    assert len(key) == 32


def test_master_key_is_rotated_as_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    old = Path("watchword.db.master-key").read_text().strip()
    new = "B" * 42 + "A"
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", f"{new},{old}")
    typed("watchword keys reseal")
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", new)
    prepare(read_settings())


def test_lost_master_key_is_replaced_as_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", "B" * 42 + "A")
    typed("watchword keys revoke --lost-master-key KID", states()["active"])
    prepare(read_settings())


def options(marker: str) -> dict[str, Any]:
    """Return the options of the application of the page that has this among them."""
    (code,) = [code for code in blocks(IN_OPTIONS, "python") if marker in code]
    found: dict[str, Any] = {"__name__": "page"}
    exec(code, found)  # noqa: S102 - it is our own page
    named = re.findall(r'config\["(\w+)"\]', code)
    return {name: found["app"].config[name] for name in named}


def application(options: dict[str, Any]) -> Flask:
    app = Flask("options")
    app.config.update(options)
    JWTManager(app)
    app.add_url_rule("/", "view", jwt_required()(get_jwt_identity))
    return app


def accepts(app: Flask, token: str) -> bool:
    answer = app.test_client().get("/", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in (200, 422)
    return answer.status_code == 200


def new_token(app: Flask) -> str:
    with app.app_context():
        return create_access_token("ada")


def test_secret_is_rotated_on_several_machines_as_documented() -> None:
    exchanged = options("JWT_SECRET_KEY_FALLBACKS")
    new, (old,) = exchanged["JWT_SECRET_KEY"], exchanged["JWT_SECRET_KEY_FALLBACKS"]
    steps = [
        application({"JWT_SECRET_KEY": old}),
        application({"JWT_SECRET_KEY": old, "JWT_SECRET_KEY_FALLBACKS": [new]}),
        application(exchanged),
        application({"JWT_SECRET_KEY": new}),
    ]
    tokens = [new_token(app) for app in steps]
    for here, there in pairwise(range(len(steps))):
        assert accepts(steps[here], tokens[there])
        assert accepts(steps[there], tokens[here])
    assert not accepts(steps[0], tokens[2])
    assert not accepts(steps[3], tokens[1])


def test_key_pair_is_rotated_as_documented(tmp_path: Path) -> None:
    pairs = {name: Ed25519PrivateKey.generate() for name in ("old", "new")}
    for name, private in pairs.items():
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / f"{name}-private.pem").write_bytes(pem)
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / f"{name}-public.pem").write_bytes(public)
    after = application(options("old-public.pem"))
    before = application({"JWT_ALGORITHM": "EdDSA", "JWT_PRIVATE_KEY": pairs["old"]})
    assert accepts(after, new_token(before))
    token = new_token(after)
    assert accepts(after, token)
    assert "kid" in jwt.get_unverified_header(token)


def test_verifier_of_the_page_returns_the_user() -> None:
    (code,) = [code for code in blocks(PAGE, "python") if "PyJWKClient" in code]
    service = login_service()
    with served(service) as port:
        found: dict[str, Any] = {}
        exec(code.replace(":5000", f":{port}"), found)  # noqa: S102 - it is our own page
        assert found["user_of"](token_of(service)) == ADA.id


def test_every_state_has_a_row() -> None:
    named = set(
        re.findall(
            r"^\| `(\w+)`(?:, `(\w+)`)? \|", text_of(DOCS / "explanation" / "keys.md"), re.MULTILINE
        )
    )
    assert {name for row in named for name in row if name} == {*map(str, KeyState), "revoked"}
