"""The page at /setup in a real browser: the link creates an admin and leaves no code behind."""

import pytest

from flask_watchword.accounts.users import User
from flask_watchword.clock import system_clock
from flask_watchword.service.context import Stores
from flask_watchword.service.features.bootstrap_admin.flow import offer_setup
from tests.servers.browser import Page

pytestmark = pytest.mark.server

CHECKED = """
    const [form, outcome] = ["form", "outcome"].map((id) => document.getElementById(id));
    for (let tries = 0; tries < 600 && form?.hidden && !outcome.textContent; tries++) {
        await new Promise(resolve => setTimeout(resolve, 20));
    }
    const there = document.getElementById("form");
    const shown = Boolean(there) && there.checkVisibility();
    return [shown, outcome.textContent, there?.password.minLength];
"""
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


def open_setup_page(stores: Stores) -> str | None:
    return stores.accounts.run(lambda one: offer_setup(one, system_clock()))


def test_link_creates_an_admin(page: Page, service: str, stores: Stores, ada: User) -> None:
    page.open(f"{service}/setup#code={open_setup_page(stores)}")
    assert page.run(CHECKED) == [True, "", 15]
    said, address, has_form = page.run(FILLED)
    assert said == "boss@example.com is an admin now, and can log in."
    assert address == f"{service}/setup"
    assert not has_form
    assert page.complaints == []
    assert [url for url in page.requested if not url.startswith(f"{service}/setup")] == []


def test_without_a_code_the_page_shows_instructions_instead_of_the_form(
    page: Page, service: str
) -> None:
    page.open(f"{service}/setup")
    has_form, said, _ = page.run(CHECKED)
    assert not has_form
    assert said.startswith("Open the whole link that the service printed")


@pytest.mark.parametrize("wrong", ["made up", "with an admin"])
def test_with_an_invalid_code_the_page_shows_no_form(
    page: Page, service: str, stores: Stores, ada: User, wrong: str
) -> None:
    code = open_setup_page(stores)
    if wrong == "made up":
        code = "a" * 43
    else:
        stores.users.set_roles(ada.id, frozenset({"admin"}))
    page.open(f"{service}/setup#code={code}")
    has_form, said, _ = page.run(CHECKED)
    assert not has_form
    assert "watchword user add EMAIL --role admin" in said
