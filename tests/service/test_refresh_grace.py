"""``WATCHWORD_REFRESH_GRACE``: how long a used refresh token returns the same successor."""

import pytest

from tests.service.under_test import service_under_test


@pytest.mark.parametrize(("seconds", "status"), [(0, 401), (600, 200)])
def test_used_refresh_token_is_accepted_only_within_the_grace_period(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, seconds: int, status: int
) -> None:
    with service_under_test(sqlite_url, monkeypatch, refresh_grace=seconds) as service:
        service.add()
        token = service.pair()["refresh_token"]
        assert service.post("/refresh", token).status_code == 200
        assert service.post("/refresh", token).status_code == status
