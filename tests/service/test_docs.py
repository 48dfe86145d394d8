"""The page that shows the API: all its parts are served by the service itself."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import Stores
from flask_watchword.service.watchword import Watchword

SIGNATURES = {
    "image/svg+xml": b"<svg ",
    "image/png": b"\x89PNG\r\n",
    "image/jpeg": b"\xff\xd8\xff",
}
PARTS = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}


def test_page_has_the_strictest_content_security_policy(client: FlaskClient) -> None:
    answer = client.get("/docs")
    assert answer.status_code == 200
    assert answer.mimetype == "text/html"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.split("; ")[0] == "default-src 'self'"
    assert "unsafe" not in policy


def test_page_has_no_inline_script_or_style(client: FlaskClient) -> None:
    page = client.get("/docs").text
    assert re.findall(r"<script[^>]*>([^<]+)", page) == []
    assert "<style" not in page
    assert not re.search(r"\s(style|on\w+)=", page)


def test_page_refers_only_to_its_own_parts(client: FlaskClient) -> None:
    named = re.findall(r'(?:src|href)="([^"]+)"', client.get("/docs").text)
    assert sorted(named) == sorted(f"docs/{part}" for part in PARTS)


@pytest.mark.parametrize(("part", "media_type"), PARTS.items())
def test_each_part_has_its_content_type_and_is_cacheable(
    client: FlaskClient, part: str, media_type: str
) -> None:
    answer = client.get(f"/docs/{part}")
    assert answer.status_code == 200
    assert answer.mimetype == media_type
    assert answer.data
    again = client.get(f"/docs/{part}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_every_image_in_the_styles_is_a_served_file(client: FlaskClient) -> None:
    styles = client.get("/docs/swagger-ui.css").data
    assert b"data:" not in styles
    named = set(re.findall(rb"url\(([^)]*)\)", styles))
    assert len(named) > 10
    for name in named:
        answer = client.get(f"/docs/{name.decode()}")
        assert answer.status_code == 200
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert answer.data.startswith(SIGNATURES[str(answer.mimetype)])


@pytest.mark.parametrize(
    "part",
    ["index.css", "oauth2-redirect.html", "page.html", "..%2F__init__.py", "%2Fetc%2Fpasswd", "x"],
)
def test_other_paths_are_not_found(client: FlaskClient, part: str) -> None:
    answer = client.get(f"/docs/{part}")
    assert answer.status_code == 404
    assert answer.get_json()["code"] == "not_found"


def test_page_works_below_a_prefix(settings: Settings, stores: Stores) -> None:
    app = Flask(__name__)
    Watchword(app, settings=settings, stores=stores, url_prefix="/auth")
    client = app.test_client()
    assert 'src="docs/page.js"' in client.get("/auth/docs").text
    assert client.get("/auth/docs/page.js").status_code == 200
