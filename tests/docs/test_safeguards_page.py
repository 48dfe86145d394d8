"""What the page of safeguards says of limits is what the code has."""

from flask_watchword.accounts import api_tokens as api_tokens
from flask_watchword.accounts import outbox, recovery_codes
from flask_watchword.accounts.rate_limit_table import RateLimits
from tests.docs.pages import ROOT, blocks, table_rows, text_of

PAGE = ROOT / "docs" / "safeguards.md"
TEXT = " ".join(text_of(PAGE).split())


def test_the_example_runs() -> None:
    (block,) = blocks(PAGE, "python")
    exec(compile(block, "docs/safeguards.md", "exec"), {})  # noqa: S102 - it is ours


def test_the_limits_are_those_of_the_code() -> None:
    limits = RateLimits().sign_in
    kinds = (limits.address, limits.account_at_address, limits.strangers, limits.site)
    limits_of_page = text_of(PAGE).partition("## Second factors")[0]
    rows = [row[1:] for row in table_rows(limits_of_page)]
    assert rows == [[f"{kind.burst}", f"{kind.interval:.0f} s"] for kind in kinds]
    assert f"known to an account for {limits.known_days} days" in TEXT


def test_the_sizes_and_pauses_are_those_of_the_code() -> None:
    assert recovery_codes.COUNT == 10
    assert f"{api_tokens._RANDOM_CHARACTERS} random letters and digits" in TEXT
    assert set(api_tokens._PREFIXES.values()) == {"wwp_", "wwc_"}
    assert f"after {outbox.pause_after(1):.0f} seconds again" in TEXT
    assert f"{outbox.MAX_ATTEMPTS} times in about a day" in TEXT
    pauses = sum(outbox.pause_after(n) for n in range(1, outbox.MAX_ATTEMPTS))
    assert 20 * 3600 < pauses < 36 * 3600
