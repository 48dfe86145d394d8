"""The proxy's configuration, read without nginx; tests/cli/nodes runs it."""

from typing import Any

import crossplane

from flask_watchword.service.configuration.settings import Settings
from tests.docs.pages import ROOT

CONFIGURATION = ROOT / "deploy" / "nginx" / "watchword.conf"


def directives() -> list[dict[str, Any]]:
    """Return the directives of the configuration, each checked by name, place and arguments."""
    # It belongs into the http block of another file.
    parsed = crossplane.parse(str(CONFIGURATION), strict=True, check_ctx=False, comments=False)
    assert parsed["errors"] == []
    return _all(parsed["config"][0]["parsed"])


def _all(block: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [d for one in block for d in (one, *_all(one.get("block", [])))]


def values(name: str) -> list[list[str]]:
    return [one["args"] for one in directives() if one["directive"] == name]


def test_it_reads_the_whole_request_first_and_writes_down_the_client() -> None:
    assert values("proxy_request_buffering") == [["on"]]
    assert ["X-Forwarded-For", "$remote_addr"] in values("proxy_set_header")
    assert ["Host", "$http_host"] in values("proxy_set_header")
    assert ["X-Request-ID", "$request_id"] in values("proxy_set_header")
    assert ["X-Forwarded-Prefix", ""] in values("proxy_set_header")


def test_a_post_that_a_node_may_have_begun_is_not_sent_again() -> None:
    assert values("proxy_next_upstream") == [["error", "timeout"]]


def test_it_takes_bodies_as_large_as_the_service_does() -> None:
    assert values("client_max_body_size") == [[f"{Settings().max_request_bytes // 1024}k"]]
