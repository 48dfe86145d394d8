"""What a page of another site can read of the service."""

import pytest
from playwright.sync_api import Error as ScriptError

from tests.servers.browser import Page

pytestmark = pytest.mark.server


def test_page_of_another_site_can_read_the_public_keys_only(
    page: Page, service: str, elsewhere: str
) -> None:
    page.open(elsewhere)
    assert page.run(f"return (await fetch('{service}/.well-known/jwks.json')).status") == 200
    assert page.complaints == []
    with pytest.raises(ScriptError, match="Failed to fetch"):
        page.run(f"return (await fetch('{service}/healthz')).status")
    assert any("CORS" in complaint for complaint in page.complaints)
