"""The page at /setup in a real browser: the link makes an admin, and leaves no code behind."""

import pytest

from flask_watchword.accounts.setting_up import offer_setup
from flask_watchword.accounts.users import User
from flask_watchword.clock import system_clock
from flask_watchword.service.components import Stores
from tests.servers.browser import Page

pytestmark = pytest.mark.server

FILLED = """
    document.getElementById("email").value = "boss@example.com";
    document.getElementById("password").value = "correct horse battery staple";
    document.querySelector("button").click();
    const outcome = document.getElementById("outcome");
    for (let tries = 0; tries < 600 && !outcome.textContent; tries++) {
        await new Promise(resolve => setTimeout(resolve, 50));
    }
    return [outcome.textContent, location.href, Boolean(document.getElementById("form"))];
"""


def test_the_link_makes_an_admin(page: Page, service: str, stores: Stores, ada: User) -> None:
    code = stores.accounts.change(lambda one: offer_setup(one, system_clock()))
    page.open(f"{service}/setup#code={code}")
    said, address, has_form = page.run(FILLED)
    assert said == "boss@example.com is an admin now, and can log in."
    assert address == f"{service}/setup"
    assert not has_form
    assert page.complaints == []
    assert [url for url in page.requested if not url.startswith(f"{service}/setup")] == []


def test_without_a_code_it_says_what_to_do(page: Page, service: str) -> None:
    page.open(f"{service}/setup")
    said, _, has_form = page.run(FILLED)
    assert "good once, for an hour" in said
    assert "watchword user add EMAIL --role admin" in said
    assert has_form
