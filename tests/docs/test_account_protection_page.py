"""The limits on the page about account protection are those of the code."""

from flask_watchword.accounts import api_tokens as api_tokens
from flask_watchword.accounts import outbox
from flask_watchword.accounts.client_addresses import client_address
from flask_watchword.accounts.rate_limit_declarations import Limits
from flask_watchword.service.authentication.login_limits import login_limits
from flask_watchword.service.features.recovery_codes import flow as recovery_codes
from tests.docs.pages import DOCS, table_rows, text_of

PAGE = DOCS / "explanation" / "account-protection.md"


def words(*page: str) -> str:
    return " ".join(text_of(DOCS.joinpath(*page)).split())


TEXT = words("explanation", "account-protection.md")
EMAIL = words("service", "email.md")


def test_only_trusted_proxies_are_believed() -> None:
    header = "198.51.100.66, 203.0.113.9"
    assert client_address("10.0.0.2", header, trusted_proxies=0) == "10.0.0.2"
    assert client_address("10.0.0.2", header, trusted_proxies=1) == "203.0.113.9"


def test_limits_are_those_of_the_code() -> None:
    limits = login_limits(Limits())
    kinds = (limits.address, limits.account_at_address, limits.account, limits.account_in_network)
    rows = [row[1:] for row in table_rows(text_of(PAGE))]
    assert rows == [[f"{kind.burst}", f"{kind.interval:.0f} s"] for kind in kinds]
    assert f"known to an account for {limits.trusted_days} days" in TEXT


def test_sizes_and_delays_are_those_of_the_code() -> None:
    assert recovery_codes.COUNT == 10
    api_keys = words("service", "api-keys.md")
    assert f"{api_tokens._RANDOM_CHARACTERS} random letters and digits" in api_keys
    assert set(api_tokens._PREFIXES.values()) == {"wwp_", "wwc_"}
    assert f"after {outbox.pause_after(1):.0f} seconds again" in EMAIL
    assert f"{outbox.MAX_ATTEMPTS} times in about a day" in EMAIL
    pauses = sum(outbox.pause_after(n) for n in range(1, outbox.MAX_ATTEMPTS))
    assert 20 * 3600 < pauses < 36 * 3600
