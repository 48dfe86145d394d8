"""Which URLs are fetched."""

from typing import Any

import pytest

from flask_watchword.infra.http.url import Url, UrlNotAllowed, parse_url, redirect_target

HTTPS = parse_url("https://keys.example/jwks.json")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://keys.example", Url("https", "keys.example", 443, "/")),
        ("https://keys.example/a/b?c=d", Url("https", "keys.example", 443, "/a/b?c=d")),
        ("HTTPS://Keys.Example:8443/", Url("https", "keys.example", 8443, "/")),
        ("https://10.0.0.7/jwks", Url("https", "10.0.0.7", 443, "/jwks")),
        ("http://localhost:5000/jwks", Url("http", "localhost", 5000, "/jwks")),
        ("http://127.0.0.1/", Url("http", "127.0.0.1", 80, "/")),
        ("http://127.7.7.7/", Url("http", "127.7.7.7", 80, "/")),
        ("http://[::1]:80/", Url("http", "::1", 80, "/")),
    ],
)
def test_https_and_http_to_this_machine_are_accepted(url: str, address: Url) -> None:
    assert parse_url(url) == address


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://keys.example/", "use https"),
        ("http://10.0.0.7/", "use https"),
        ("http://169.254.169.254/latest/meta-data", "use https"),
        ("http://localhost.example/", "use https"),
        ("http://127.0.0.1.example/", "use https"),
        ("http://127.1/", "use https"),
        ("http://2130706433/", "use https"),
        ("http://0.0.0.0/", "use https"),
        ("http://[::]/", "use https"),
        ("file:///etc/passwd", "not an https"),
        ("ftp://keys.example/", "not an https"),
        ("//keys.example/jwks", "not an https"),
        ("keys.example/jwks", "not an https"),
        ("https:///jwks", "not an https"),
        ("https://", "not an https"),
        ("", "not a URL"),
        (None, "not a URL"),
        (7, "not a URL"),
        (["https://keys.example/"], "not a URL"),
        (b"https://keys.example/", "not a URL"),
        ("https://user@keys.example/", "user name"),
        ("https://user:secret@keys.example/", "user name"),
        ("https://localhost@keys.example/", "user name"),
        ("https://keys.example/#fragment", "fragment"),
        ("https://keys.example/#", "fragment"),
        ("https://keys.example/a b", "not a URL"),
        ("https://keys.example/\r\nX-Injected: 1", "not a URL"),
        ("ht\ntps://keys.example/", "not a URL"),
        (" https://keys.example/", "not a URL"),
        ("https://keys.example\\@evil.example/", "not a URL"),
        ("https://ключи.example/", "not a URL"),
        ("https://keys.example:port/", "not a URL"),
        ("https://keys.example:99999/", "not a URL"),
        ("https://[::1/", "not a URL"),
    ],
)
def test_other_urls_are_rejected_with_the_reason(url: Any, expected: str) -> None:
    with pytest.raises(UrlNotAllowed, match=expected):
        parse_url(url)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/other", "/other"),
        ("other?x=1", "/other?x=1"),
        ("https://keys.example/other", "/other"),
        ("https://KEYS.example:443/other", "/other"),
        ("//keys.example/other", "/other"),
        ("/other#fragment", "/other"),
    ],
)
def test_redirect_on_the_same_host_is_followed(location: str, target: str) -> None:
    assert redirect_target(HTTPS, location) == Url("https", "keys.example", 443, target)


@pytest.mark.parametrize(
    "location",
    [
        "http://keys.example/other",
        "http://localhost/other",
        "https://evil.example/other",
        "https://sub.keys.example/",
        "https://keys.example:8443/other",
        "//evil.example/other",
        "https://user@keys.example/",
        "file:///etc/passwd",
        "https://[",
        "/other\r\nX-Injected: 1",
        "\\\\evil.example/other",
    ],
)
def test_redirect_to_another_host_is_rejected(location: str) -> None:
    with pytest.raises(UrlNotAllowed, match="redirects to"):
        redirect_target(HTTPS, location)


def test_redirect_on_a_numeric_host_is_followed() -> None:
    here = parse_url("http://[::1]:5000/jwks")
    assert redirect_target(here, "/other") == Url("http", "::1", 5000, "/other")
