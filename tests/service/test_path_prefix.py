"""Behind a path prefix every link leads to where the outside reaches the service."""

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


def test_a_prefix_of_a_trusted_proxy_is_in_the_description_and_in_redirects(
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
    # What a name with __Host- has to have; browsers refuse any other path.
    assert len(cookies) == 3
    assert all("Path=/;" in cookie for cookie in cookies)


def test_without_a_trusted_proxy_the_header_is_a_clients(client: FlaskClient) -> None:
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
def test_a_prefix_is_plain_segments_of_those_who_are_trusted(
    header: str, proxies: int, prefix: str
) -> None:
    assert forwarded_prefix({"HTTP_X_FORWARDED_PREFIX": header}, proxies) == prefix


@pytest.mark.parametrize(
    ("url_prefix", "mount", "url"),
    [("", "/auth", "/auth"), ("/auth", "/shop", "/shop/auth"), ("", "/a b", "/a%20b")],
)
def test_below_a_dispatcher_the_description_has_its_path(
    settings: Settings, stores: Stores, url_prefix: str, mount: str, url: str
) -> None:
    app = mounted(settings, stores, url_prefix)
    client = Client(DispatcherMiddleware(Flask("front"), {mount: app}))
    assert server_of(client.get(f"{mount}{url_prefix}/openapi.json")) == url
    # Everything that the pages load is named relatively, so that it is below the same path.
    for page, script in (("docs", "docs/page.js"), ("setup", "setup/files/page.js")):
        text = client.get(f"{mount}{url_prefix}/{page}").text
        assert f'src="{script}"' in text
        assert client.get(f"{mount}{url_prefix}/{script}").status_code == 200


def test_an_application_that_reads_the_header_itself_does_not_have_it_twice(
    settings: Settings, stores: Stores
) -> None:
    app = mounted(replace(settings, trusted_proxies=1), stores, "/auth")
    headers = {"X-Forwarded-Prefix": "/shop"}
    assert server_of(app.test_client().get("/auth/openapi.json", headers=headers)) == "/shop/auth"
    app.wsgi_app = ProxyFix(app.wsgi_app, x_prefix=1)  # type: ignore[method-assign]
    assert server_of(app.test_client().get("/auth/openapi.json", headers=headers)) == "/shop/auth"


def test_who_has_the_description_of_one_prefix_gets_that_of_another(
    settings: Settings, stores: Stores
) -> None:
    client = behind(settings, stores, proxies=1)
    tag = client.get("/openapi.json", headers={"X-Forwarded-Prefix": "/a"}).headers["ETag"]
    for prefix, status in (("/a", 304), ("/b", 200)):
        headers = {"X-Forwarded-Prefix": prefix, "If-None-Match": tag}
        assert client.get("/openapi.json", headers=headers).status_code == status
