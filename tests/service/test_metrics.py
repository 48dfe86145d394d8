"""What is counted, and who may read it."""

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.service.under_test import BETTER, EMAIL, ServiceUnderTest, service_under_test

TOKEN = "m" * 22


def figures(text: str) -> dict[str, float]:
    """Return every sample by its name and labels."""
    return {
        " ".join(
            [sample.name, *(f"{k}={v}" for k, v in sorted(sample.labels.items()))]
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def read(service: ServiceUnderTest, **options: Any) -> dict[str, float]:
    answer = service.client.get("/metrics", **options)
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    assert answer.headers["Cache-Control"] == "no-store"
    return figures(answer.text)


def test_requests_are_counted_by_endpoint_method_and_status(service: ServiceUnderTest) -> None:
    service.add()
    pair = service.pair()
    for _ in range(2):
        service.log_in(password=BETTER)
    service.me(pair["access_token"])
    service.client.get("/sessions/a/b/c")  # no endpoint
    service.client.post("/login", data=b"no json")
    found = read(service)
    login = "watchword_requests_total endpoint=login method=POST status="
    assert (found[login + "200"], found[login + "401"], found[login + "415"]) == (1, 2, 1)
    assert found["watchword_requests_total endpoint=me method=GET status=200"] == 1
    assert found["watchword_request_seconds_count endpoint=login"] == 4
    assert not any("a/b/c" in name for name in found)


def test_session_events_are_counted(service: ServiceUnderTest) -> None:
    service.add()
    first = service.pair()
    second = service.post("/refresh", first["refresh_token"]).get_json()
    service.post("/refresh", first["refresh_token"])  # again, within the grace
    third = service.post("/refresh", second["refresh_token"]).get_json()
    assert service.post("/refresh", first["refresh_token"]).status_code == 401
    assert service.me(third["access_token"]).status_code == 401
    service.post("/logout", service.pair()["access_token"])
    found = read(service)
    assert found["watchword_sessions_started_total"] == 2
    assert found["watchword_refreshes_total"] == 2
    assert found["watchword_refreshes_repeated_total"] == 1
    assert found["watchword_replays_total"] == 1
    assert found["watchword_sessions_ended_total reason=signed_out"] == 1
    assert found["watchword_revocation_entries"] == 2
    assert 0 <= found["watchword_revocation_staleness_seconds"] < 60
    assert found["watchword_hashes_waiting"] == 0


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"])
def test_without_a_token_they_are_for_this_machine_alone(
    service: ServiceUnderTest, header: str
) -> None:
    read(service)
    read(service, environ_base={"REMOTE_ADDR": "::1"})
    for options in (
        {"environ_base": {"REMOTE_ADDR": "192.0.2.1"}},
        {"environ_base": {"REMOTE_ADDR": ""}},
        {"headers": {header: "127.0.0.1"}},
    ):
        refused = service.client.get("/metrics", **options)
        assert (refused.status_code, refused.get_json()["code"]) == (403, "metrics_hidden")


def test_with_a_token_they_are_available_to_clients_that_send_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with service_under_test(
        database_url, monkeypatch, of_features={"metrics_token": TOKEN}
    ) as service:
        elsewhere = {"REMOTE_ADDR": "192.0.2.1"}
        shown = {"Authorization": f"Bearer {TOKEN}"}
        read(service, headers=shown, environ_base=elsewhere)
        read(service, headers={"Authorization": f"bEARER {TOKEN}"}, environ_base=elsewhere)
        for headers in ({}, {"Authorization": "Bearer " + "n" * 22}, {"Authorization": "é"}):
            assert service.client.get("/metrics", headers=headers).status_code == 403


def test_nothing_of_a_person_is_in_them(service: ServiceUnderTest) -> None:
    user = service.add()
    pair = service.pair()
    service.me(pair["access_token"])
    text = service.client.get("/metrics").text
    for secret in (EMAIL, user.id, pair["access_token"], "127.0.0.1"):
        assert secret not in text
