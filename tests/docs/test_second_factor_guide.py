"""The guide to a second factor shows the responses that the service gives."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from click.testing import CliRunner
from flask import Flask

from flask_watchword import Watchword
from flask_watchword.cli.main import main
from tests.docs.pages import DOCS, blocks

SHOWN = [json.loads(each) for each in blocks(DOCS / "how-to" / "second-factor.md", "json")]
ACCOUNT = {"email": "ada@example.com", "password": "correct horse battery staple"}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """Return an application with a user whose address is verified."""
    database = f"sqlite:///{tmp_path}/accounts.db"
    app = Flask("second-factor")
    app.config["WATCHWORD_DATABASE"] = database
    with Watchword(app):
        add = ["user", "add", ACCOUNT["email"], "--password-stdin", "--database", database]
        added = CliRunner().invoke(main, add, input=ACCOUNT["password"])
        assert added.exit_code == 0, added.output
        yield app


def test_responses_are_those_of_the_guide(app: Flask) -> None:
    client = app.test_client()
    password = ACCOUNT["password"]
    token = client.post("/login", json=ACCOUNT).get_json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    started = client.post("/totp/enrol", json={"password": password}, headers=headers).get_json()
    code = pyotp.TOTP(started["secret"]).now()
    confirmed = client.post("/totp/confirm", json={"code": code}, headers=headers).get_json()
    pending = client.post("/login", json=ACCOUNT).get_json()
    answer = {"pending_token": pending["pending_token"]}
    again = client.post("/login/totp", json={**answer, "code": code})
    assert (again.status_code, again.get_json()["code"]) == (401, "invalid_second_factor")
    answer["recovery_code"] = confirmed["recovery_codes"][0]
    tokens = client.post("/login/totp", json=answer).get_json()
    found: list[dict[str, Any]] = [started, confirmed, pending, tokens]
    assert [each.keys() for each in found] == [each.keys() for each in SHOWN]
    assert len(confirmed["recovery_codes"]) == 10
    assert pending["mfa_required"] is True
