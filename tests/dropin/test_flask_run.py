"""``flask run`` under the drop-in: a real server, used over HTTP."""

import json
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.dropin.runs import serving

pytestmark = pytest.mark.server

APP = """
import flask_jwt_extended
from flask import Flask, jsonify
from flask_jwt_extended import JWTManager, create_access_token, get_jwt_identity, jwt_required

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = "a secret of more than thirty-two bytes"
JWTManager(app)

@app.post("/login")
def login():
    return jsonify(access_token=create_access_token("alice"))

@app.get("/whoami")
@jwt_required()
def whoami():
    return jsonify(identity=get_jwt_identity(), file=flask_jwt_extended.__file__)
"""


def ask(port: int, method: str, path: str, token: str = "") -> Any:
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request(method, path, headers=headers)
        return json.loads(connection.getresponse().read())


@pytest.mark.parametrize(
    "program",
    [("-m", "flask", "run", "--port", "0"), ("-m", "flask", "--debug", "run", "--port", "0")],
    ids=["plain", "reloading"],
)
def test_flask_run_serves_an_application_written_for_the_original(
    tmp_path: Path, program: tuple[str, ...]
) -> None:
    (tmp_path / "app.py").write_text(APP)
    with serving(*program, cwd=tmp_path) as port:
        token = ask(port, "POST", "/login")["access_token"]
        answer = ask(port, "GET", "/whoami", token)
        assert answer["identity"] == "alice"
        assert "dropin" in answer["file"]
        assert ask(port, "GET", "/whoami") == {"msg": "Missing Authorization Header"}
