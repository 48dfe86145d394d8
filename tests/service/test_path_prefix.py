"""Behind a path prefix, every link has the public URL of the service."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client, TestResponse

from flask_watchword import Watchword
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores
from flask_watchword.service.middleware.path_prefix import forwarded_prefix
from tests.service.conftest import PASSWORD


def behind(settings: Settings, stores: Stores, proxies: int) -> FlaskClient:
    return create_app(replace(settings, trusted_proxies=proxies), stores=stores).test_client()


def mounted(settings: Settings, stores: Stores, url_prefix: str = "") -> Flask:
    app = Flask("host")
    Watchword(app, settings=settings, stores=stores, url_prefix=url_prefix)
    return app


def server_of(answer: TestResponse) -> Any:
    (server,) = answer.get_json()["servers"]
    return server["url"]


def test_prefix_of_a_trusted_proxy_is_in_the_description_and_in_redirects(
    settings: Settings, stores: Stores
) -> None:
    client = behind(settings, stores, proxies=1)
    headers = {"X-Forwarded-Prefix": "/auth"}
    assert server_of(client.get("/openapi.json", headers=headers)) == "/auth"
    moved = client.get("/docs//page.js", headers=headers)
    assert moved.status_code == 308
    assert moved.headers["Location"].endswith("/auth/docs/page.js")
    body = {"email": "ada@example.com", "password": PASSWORD, "transport": "cookie"}
    cookies = client.post("/login", json=body, headers=headers).headers.getlist("Set-Cookie")
    # Required for names with __Host-; browsers reject any other path.
    assert len(cookies) == 3
    assert all("Path=/;" in cookie for cookie in cookies)


def test_prefix_header_is_ignored_without_a_trusted_proxy(client: FlaskClient) -> None:
    answer = client.get("/openapi.json", headers={"X-Forwarded-Prefix": "/evil"})
    assert server_of(answer) == "/"


@pytest.mark.parametrize(
    ("header", "proxies", "prefix"),
    [
        ("/auth", 1, "/auth"),
        ("/auth/", 1, "/auth"),
        ("/deep/down", 1, "/deep/down"),
        ("/evil, /auth", 1, "/auth"),
        ("/outer, /inner", 2, "/outer/inner"),
        ("/auth", 2, "/auth"),
        ("", 1, ""),
        ("/", 1, ""),
        ("auth", 1, ""),
        ("//evil.example", 1, ""),
        ("/../admin", 1, ""),
        ("/a/.", 1, ""),
        ("/a%2f..", 1, ""),
        ("https://evil.example", 1, ""),
        ('/"><script>', 1, ""),
        ("/a\r\nX: y", 1, ""),
        ("/" + "a" * 300, 1, ""),
        ("/auth", 0, ""),
    ],
)
def test_prefix_is_plain_segments_from_trusted_proxies(
    header: str, proxies: int, prefix: str
) -> None:
    assert forwarded_prefix({"HTTP_X_FORWARDED_PREFIX": header}, proxies) == prefix


@pytest.mark.parametrize(
    ("url_prefix", "mount", "url"),
    [("", "/auth", "/auth"), ("/auth", "/shop", "/shop/auth"), ("", "/a b", "/a%20b")],
)
def test_description_has_the_path_of_a_dispatcher(
    settings: Settings, stores: Stores, url_prefix: str, mount: str, url: str
) -> None:
    app = mounted(settings, stores, url_prefix)
    client = Client(DispatcherMiddleware(Flask("front"), {mount: app}))
    assert server_of(client.get(f"{mount}{url_prefix}/openapi.json")) == url
    # The pages load everything by relative URLs, which stay below the same path.
    for page, script in (("docs", "docs/page.js"), ("setup", "setup/files/page.js")):
        text = client.get(f"{mount}{url_prefix}/{page}").text
        assert f'src="{script}"' in text
        assert client.get(f"{mount}{url_prefix}/{script}").status_code == 200


def test_prefix_is_not_doubled_by_an_application_that_reads_the_header(
    settings: Settings, stores: Stores
) -> None:
    app = mounted(replace(settings, trusted_proxies=1), stores, "/auth")
    headers = {"X-Forwarded-Prefix": "/shop"}
    assert server_of(app.test_client().get("/auth/openapi.json", headers=headers)) == "/shop/auth"
    app.wsgi_app = ProxyFix(app.wsgi_app, x_prefix=1)  # type: ignore[method-assign]
    assert server_of(app.test_client().get("/auth/openapi.json", headers=headers)) == "/shop/auth"


def test_description_etag_differs_by_prefix(settings: Settings, stores: Stores) -> None:
    client = behind(settings, stores, proxies=1)
    tag = client.get("/openapi.json", headers={"X-Forwarded-Prefix": "/a"}).headers["ETag"]
    for prefix, status in (("/a", 304), ("/b", 200)):
        headers = {"X-Forwarded-Prefix": prefix, "If-None-Match": tag}
        assert client.get("/openapi.json", headers=headers).status_code == status
