"""The endpoints and settings that the pages name exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.write_http_api import operations
from flask_watchword.extension.options.sessions import SESSION_OPTIONS
from flask_watchword.service.features.table import FEATURES, settings_of
from tests.docs.pages import ARCHITECTURE, PAGES, text_of

_ENDPOINT = re.compile(r"`(GET|POST|PUT|PATCH|DELETE) (?:/auth)?(/[^\s`?]*)")
_SETTING = re.compile(r"\bWATCHWORD_[A-Z_]*[A-Z]\b")

SERVED = {re.sub(r"<\w+>", "<>", name) for name, _ in operations()}
SERVED |= {f"{each.method} {each.path}" for feature in FEATURES for each in feature.endpoints}
NAMED = {variable for setting in settings_of(FEATURES) for variable in setting.variables}
NAMED |= {option.name for option in SESSION_OPTIONS}
#: What the pages name as examples.
_EXAMPLES = {"WATCHWORD_NAME", "WATCHWORD_DATABSE"}


def endpoints(page: Path) -> Iterator[str]:
    for method, path in _ENDPOINT.findall(text_of(page)):
        yield f"{method} {re.sub(r'<[^>]+>', '<>', path)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_endpoint_named_on_a_page_is_served(page: Path) -> None:
    assert set(endpoints(page)) - SERVED - {"POST /feedback"} == set()  # of examples/feature.py


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page != ARCHITECTURE], ids=lambda page: page.name
)
def test_every_setting_named_on_a_page_exists(page: Path) -> None:
    found = set(_SETTING.findall(text_of(page))) - _EXAMPLES
    unknown = {name for name in found if not name.startswith("WATCHWORD_LIMIT_")} - NAMED
    # Kubernetes injects these, which are ignored.
    assert unknown - {"WATCHWORD_SERVICE_HOST"} == set()
