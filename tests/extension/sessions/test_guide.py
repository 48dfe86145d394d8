"""The code of the guide runs as the guide describes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_watchword import Sessions, get_csrf_token
from flask_watchword.extension.state import state_of
from tests.extension.minted_tokens import mint
from tests.extension.sessions.site import bearing
from tests.releases import before

GUIDE = (Path(__file__).parents[3] / "docs" / "extension" / "sessions.md").read_text(
    encoding="utf-8"
)
BLOCKS = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def app() -> Iterator[Flask]:
    names: dict[str, Any] = {"__name__": "guide"}
    for block in BLOCKS:
        exec(compile(block, "docs/extension/sessions.md", "exec"), names)  # noqa: S102
    app: Flask = names["app"]
    yield app
    feed = state_of(app).revocations
    assert feed is not None
    feed.close()


def test_application_of_the_guide_logs_in_refreshes_and_logs_out(app: Flask) -> None:
    client = app.test_client()
    pair = client.post("/login").get_json()
    assert pair.keys() == {"access_token", "refresh_token", "expires_in", "session_id"}
    pair = client.post("/refresh", headers=bearing(pair["refresh_token"])).get_json()
    answer = client.post("/logout", headers=bearing(pair["access_token"]))
    assert answer.get_json() == {"ended": True}
    answer = client.post("/logout", headers=bearing(pair["access_token"]))
    assert answer.get_json() == {"msg": "Token has been revoked", "code": "session_ended"}


@pytest.mark.skipif(before("Werkzeug", 2, 3), reason="its client sets cookies otherwise")
def test_logout_of_the_guide_deletes_unusable_cookies(app: Flask) -> None:
    client = app.test_client()

    def log_out(token: str, **headers: str) -> tuple[int, int]:
        client.set_cookie("refresh_token_cookie", token)
        answer = client.post("/logout-by-cookie", headers=headers)
        return answer.status_code, len(answer.headers.getlist("Set-Cookie"))

    good = client.post("/login").get_json()["refresh_token"]
    with app.app_context():
        csrf = get_csrf_token(good)
    gone = mint("HS256", type="refresh")  # with a key that this application does not have
    assert log_out(gone) == (401, 0)
    assert log_out(good, **{"X-CSRF-TOKEN": "wrong"}) == (401, 0)
    assert log_out(gone, **{"X-CSRF-TOKEN": "lost"}) == (200, 4)
    assert log_out("garbage", **{"X-CSRF-TOKEN": "lost"}) == (200, 4)
    assert log_out(good, **{"X-CSRF-TOKEN": csrf}) == (200, 4)
    # Its session has ended.
    assert log_out(good, **{"X-CSRF-TOKEN": csrf}) == (200, 4)


def test_guide_has_a_row_for_each_call() -> None:
    calls = {name for name in vars(Sessions) if not name.startswith("_")} - {"init_app"}
    assert calls == set(re.findall(r"^\| `(\w+)\(", GUIDE, re.MULTILINE))
