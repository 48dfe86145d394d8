"""The example on the page about roles and scopes runs, and responds as the page says."""

from typing import Any

import pytest
from flask import Flask

from flask_watchword import exceptions
from tests.docs.pages import ROOT, blocks, table_rows, text_of

PAGE = ROOT / "docs" / "extension" / "authorization.md"


@pytest.fixture
def app() -> Flask:
    names: dict[str, Any] = {"__name__": "shown"}
    (block,) = blocks(PAGE, "python")
    exec(compile(block, PAGE, "exec"), names)  # noqa: S102 - it is ours
    app: Flask = names["app"]
    return app


def test_example_accepts_and_rejects_as_documented(app: Flask) -> None:
    client = app.test_client()
    token = client.post("/login").get_json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/orders", headers=headers).status_code == 200
    assert client.delete("/orders", headers=headers).status_code == 403
    assert client.get("/orders").status_code == 401


def test_table_has_each_decorator_with_its_status_and_code() -> None:
    found = {
        guard.partition("(")[0].strip("`@"): last for guard, _, last in table_rows(text_of(PAGE))
    }
    assert found == {
        "roles_required": f"403, `{exceptions.InsufficientRole.code}`",
        "scopes_required": f"403, `{exceptions.InsufficientScope.code}`",
        "fresh_required": f"401, `{exceptions.SignInTooOld.code}`",
    }
