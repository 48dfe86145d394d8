"""The code of the guide runs, and does what the guide says."""

import re
from pathlib import Path
from typing import Any

from flask import Flask

from flask_watchword import Sessions
from flask_watchword.extension.binding import binding_of
from tests.extension.sessions.site import bearing

GUIDE = (Path(__file__).parents[3] / "docs" / "sessions.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def test_the_application_of_the_guide_signs_in_refreshes_and_signs_out() -> None:
    names: dict[str, Any] = {"__name__": "guide"}
    for block in BLOCKS:
        exec(compile(block, "docs/sessions.md", "exec"), names)  # noqa: S102
    app: Flask = names["app"]
    client = app.test_client()
    pair = client.post("/login").get_json()
    assert pair.keys() == {"access_token", "refresh_token", "expires_in", "session_id"}
    pair = client.post("/refresh", headers=bearing(pair["refresh_token"])).get_json()
    answer = client.post("/logout", headers=bearing(pair["access_token"]))
    assert answer.get_json() == {"ended": True}
    answer = client.post("/logout", headers=bearing(pair["access_token"]))
    assert answer.get_json() == {"msg": "Token has been revoked", "code": "session_ended"}
    feed = binding_of(app).revocations
    assert feed is not None
    feed.close()


def test_the_guide_has_a_row_for_each_call() -> None:
    calls = {name for name in vars(Sessions) if not name.startswith("_")} - {"init_app"}
    assert calls == set(re.findall(r"^\| `(\w+)\(", GUIDE, re.MULTILINE))
