"""What a page can do with the session cookies, and what a page of another site cannot do.

The page's script is the one of docs/service/cookies.md.
"""

import json
import re
import time
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Error as ScriptError

from flask_watchword.accounts.users import User
from flask_watchword.extension.state import state_of
from flask_watchword.service.cookies import ACCESS_COOKIE, CSRF_COOKIE, REFRESH_COOKIE
from tests.docs.pages import ROOT
from tests.servers.browser import Page
from tests.servers.flask_app import served
from tests.service.conftest import PASSWORD

pytestmark = pytest.mark.server

COOKIES = {ACCESS_COOKIE, REFRESH_COOKIE, CSRF_COOKIE}
LOG_IN = f"const answer = await logIn('ada@example.com', '{PASSWORD}')"
TELL = "return [answer.status, answer.status == 204 ? null : await answer.json()]"


@pytest.fixture(scope="module")
def script() -> str:
    """The JavaScript of the documentation."""
    text = (ROOT / "docs" / "service" / "cookies.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"```js\n(.*?)```", text, re.DOTALL)
    assert isinstance(found, str)
    return found


@pytest.fixture
def home(page: Page, service: str, script: str) -> Page:
    """The service's own page, with a logged-in user."""
    page.open(f"{service}/")
    status, body = page.run(f"{script}; {LOG_IN}; {TELL}")
    assert (status, sorted(body)) == (200, ["csrf_token", "expires_in"])
    return page


def call(page: Page, script: str, method: str, path: str) -> tuple[int, Any]:
    status, body = page.run(f"{script}; const answer = await call('{method}', '{path}'); {TELL}")
    return status, body


def form(action: str, **fields: str) -> str:
    """Return a script that submits a form, as any page may do to any address."""
    return f"""
        const form = document.createElement("form");
        form.method = "POST";
        form.action = {json.dumps(action)};
        for (const [name, value] of Object.entries({json.dumps(fields)})) {{
            const field = document.createElement("input");
            [field.name, field.value] = [name, value];
            form.append(field);
        }}
        document.body.append(form);
        form.submit();
    """


def test_page_logs_in_reads_refreshes_and_logs_out(
    home: Page, app: Flask, ada: User, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = home.cookies()
    assert set(kept) == COOKIES
    assert all(cookie["secure"] and cookie["sameSite"] == "Lax" for cookie in kept.values())
    assert home.run("return document.cookie") == f"{CSRF_COOKIE}={kept[CSRF_COOKIE]['value']}"
    assert call(home, script, "GET", "/me")[1]["email"] == ada.email
    assert call(home, script, "POST", "/orders") == (200, {"by": "POST", "for": ada.id})

    later = time.time() + 16 * 60
    monkeypatch.setattr(state_of(app).callbacks, "clock", lambda: later)
    home.requested.clear()
    assert call(home, script, "GET", "/me")[0] == 200
    assert [url.rpartition("/")[2] for url in home.requested] == ["me", "refresh", "me"]
    assert home.cookies()[ACCESS_COOKIE]["value"] != kept[ACCESS_COOKIE]["value"]

    assert call(home, script, "POST", "/logout") == (204, None)
    assert home.cookies() == {}
    assert call(home, script, "GET", "/me")[1]["code"] == "missing_token"


def test_two_tabs_that_refresh_at_once_both_stay_logged_in(home: Page, script: str) -> None:
    refresh = "send('POST', '/refresh')"
    both = f"const all = await Promise.all([{refresh}, {refresh}]); return all.map(a => a.status)"
    assert home.run(f"{script}; {both}") == [200, 200]
    assert call(home, script, "GET", "/me")[0] == 200


def test_link_from_another_site_opens_the_logged_in_page(
    home: Page, service: str, elsewhere: str, ada: User
) -> None:
    home.open(elsewhere)
    shown = json.loads(home.leave_by(f"location.href = '{service}/orders'"))
    assert shown == {"by": "GET", "for": ada.id}


def test_page_of_another_site_cannot_read_or_send_anything_with_the_cookies(
    home: Page, service: str, elsewhere: str, script: str
) -> None:
    home.open(elsewhere)
    for options in ("{credentials: 'include'}", "{credentials: 'include', method: 'POST'}"):
        for path in ("/me", "/refresh", "/logout"):
            with pytest.raises(ScriptError, match="Failed to fetch"):
                home.run(f"await fetch('{service}{path}', {options})")
    shown = json.loads(home.leave_by(form(f"{service}/logout")))
    assert shown["code"] == "missing_token", "the cookies have stayed at home"
    home.open(f"{service}/")
    assert call(home, script, "GET", "/me")[0] == 200


def test_page_of_another_origin_of_the_same_site_is_rejected_despite_its_cookies(
    home: Page, service: str, elsewhere: str, script: str
) -> None:
    csrf = home.cookies()[CSRF_COOKIE]["value"]
    home.open(elsewhere.replace("elsewhere.example", "blog.login.example"))
    assert json.loads(home.leave_by(form(f"{service}/logout")))["code"] == "csrf_failed"
    home.open(elsewhere.replace("elsewhere.example", "blog.login.example"))
    # Even if the page had obtained the CSRF value.
    shown = json.loads(home.leave_by(form(f"{service}/orders", csrf_token=csrf)))
    assert shown["code"] == "cross_origin"
    home.open(f"{service}/")
    own = json.loads(home.leave_by(form(f"{service}/orders", csrf_token=csrf)))
    assert own["by"] == "POST"
    home.open(f"{service}/")
    assert call(home, script, "GET", "/me")[0] == 200


def test_page_of_another_site_cannot_log_the_browser_in(
    page: Page, service: str, elsewhere: str
) -> None:
    body = {"email": "ada@example.com", "password": PASSWORD, "transport": "cookie"}
    page.open(elsewhere)
    send = f"fetch('{service}/login', {{method: 'POST', credentials: 'include', %s}})"
    text = f"body: {json.dumps(json.dumps(body))}"
    with pytest.raises(ScriptError, match="Failed to fetch"):
        page.run("await " + send % f"{text}, headers: {{'Content-Type': 'application/json'}}")
    page.run("await " + send % f"{text}, mode: 'no-cors'")
    assert page.cookies() == {}


def test_page_of_another_host_cannot_set_cookies_with_the_services_names(
    home: Page, service: str, elsewhere: str
) -> None:
    before = home.cookies()
    home.open(elsewhere.replace("elsewhere.example", "blog.login.example"))
    for name in COOKIES:
        home.run(f"document.cookie = '{name}=x; Domain=login.example; Path=/; Secure'")
        home.run(f"document.cookie = '{name}=x; Domain=login.example; Path=/me; Secure'")
    assert home.cookies() == before


def test_cookies_work_without_tls_on_localhost_only(page: Page, app: Flask, script: str) -> None:
    with served(app) as port:
        page.open(f"http://localhost:{port}/")
        assert page.run(f"{script}; {LOG_IN}; {TELL}")[0] == 200
        assert set(page.cookies()) == COOKIES
        assert call(page, script, "POST", "/logout") == (204, None)
        page.open(f"http://login.example:{port}/")
        assert page.run(f"{script}; {LOG_IN}; {TELL}")[0] == 200
        assert page.cookies() == {}
