"""``WATCHWORD_REFRESH_GRACE``: how long a used refresh token returns the same successor."""

import pytest

from tests.service.site import site


@pytest.mark.parametrize(("seconds", "status"), [(0, 401), (600, 200)])
def test_used_refresh_token_is_accepted_only_within_the_grace_period(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, seconds: int, status: int
) -> None:
    with site(sqlite_url, monkeypatch, refresh_grace=seconds) as ours:
        ours.add()
        token = ours.pair()["refresh_token"]
        assert ours.post("/refresh", token).status_code == 200
        assert ours.post("/refresh", token).status_code == status
