"""The proxy's configuration, parsed without nginx; tests/cli/nodes runs it."""

from typing import Any

import crossplane

from flask_watchword.service.configuration.settings import Settings
from tests.docs.pages import ROOT

CONFIGURATION = ROOT / "deploy" / "nginx" / "watchword.conf"


def directives() -> list[dict[str, Any]]:
    """Return the directives of the configuration, each validated by name, context and arguments."""
    # It is included in the http block of another file.
    parsed = crossplane.parse(str(CONFIGURATION), strict=True, check_ctx=False, comments=False)
    assert parsed["errors"] == []
    return _all(parsed["config"][0]["parsed"])


def _all(block: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [d for one in block for d in (one, *_all(one.get("block", [])))]


def values(name: str) -> list[list[str]]:
    return [one["args"] for one in directives() if one["directive"] == name]


def test_proxy_buffers_requests_and_forwards_the_client_address() -> None:
    assert values("proxy_request_buffering") == [["on"]]
    assert ["X-Forwarded-For", "$remote_addr"] in values("proxy_set_header")
    assert ["Host", "$http_host"] in values("proxy_set_header")
    assert ["X-Request-ID", "$request_id"] in values("proxy_set_header")
    assert ["X-Forwarded-Prefix", ""] in values("proxy_set_header")


def test_post_that_a_node_may_have_received_is_not_sent_again() -> None:
    assert values("proxy_next_upstream") == [["error", "timeout"]]


def test_body_limit_is_that_of_the_service() -> None:
    assert values("client_max_body_size") == [[f"{Settings().max_request_bytes // 1024}k"]]
