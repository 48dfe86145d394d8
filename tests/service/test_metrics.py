"""What is counted, and who may read it."""

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.service.site import BETTER, EMAIL, Site, site

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


def read(ours: Site, **options: Any) -> dict[str, float]:
    answer = ours.client.get("/metrics", **options)
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    assert answer.headers["Cache-Control"] == "no-store"
    return figures(answer.text)


def test_requests_are_counted_by_endpoint_method_and_status(ours: Site) -> None:
    ours.add()
    pair = ours.pair()
    for _ in range(2):
        ours.log_in(password=BETTER)
    ours.me(pair["access_token"])
    ours.client.get("/sessions/a/b/c")  # no endpoint
    ours.client.post("/login", data=b"no json")
    found = read(ours)
    login = "watchword_requests_total endpoint=login method=POST status="
    assert (found[login + "200"], found[login + "401"], found[login + "415"]) == (1, 2, 1)
    assert found["watchword_requests_total endpoint=me method=GET status=200"] == 1
    assert found["watchword_request_seconds_count endpoint=login"] == 4
    assert not any("a/b/c" in name for name in found)


def test_what_becomes_of_sessions_is_counted(ours: Site) -> None:
    ours.add()
    first = ours.pair()
    second = ours.post("/refresh", first["refresh_token"]).get_json()
    ours.post("/refresh", first["refresh_token"])  # again, within the grace
    third = ours.post("/refresh", second["refresh_token"]).get_json()
    assert ours.post("/refresh", first["refresh_token"]).status_code == 401
    assert ours.me(third["access_token"]).status_code == 401
    ours.post("/logout", ours.pair()["access_token"])
    found = read(ours)
    assert found["watchword_sessions_started_total"] == 2
    assert found["watchword_refreshes_total"] == 2
    assert found["watchword_refreshes_repeated_total"] == 1
    assert found["watchword_replays_total"] == 1
    assert found["watchword_sessions_ended_total reason=signed_out"] == 1
    assert found["watchword_revocation_entries"] == 2
    assert 0 <= found["watchword_revocation_staleness_seconds"] < 60
    assert found["watchword_hashes_waiting"] == 0


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"])
def test_without_a_token_they_are_for_this_machine_alone(ours: Site, header: str) -> None:
    read(ours)
    read(ours, environ_base={"REMOTE_ADDR": "::1"})
    for options in (
        {"environ_base": {"REMOTE_ADDR": "192.0.2.1"}},
        {"environ_base": {"REMOTE_ADDR": ""}},
        {"headers": {header: "127.0.0.1"}},
    ):
        refused = ours.client.get("/metrics", **options)
        assert (refused.status_code, refused.get_json()["code"]) == (403, "metrics_hidden")


def test_with_a_token_they_are_for_whoever_shows_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site(database_url, monkeypatch, of_features={"metrics_token": TOKEN}) as ours:
        elsewhere = {"REMOTE_ADDR": "192.0.2.1"}
        shown = {"Authorization": f"Bearer {TOKEN}"}
        read(ours, headers=shown, environ_base=elsewhere)
        read(ours, headers={"Authorization": f"bEARER {TOKEN}"}, environ_base=elsewhere)
        for headers in ({}, {"Authorization": "Bearer " + "n" * 22}, {"Authorization": "é"}):
            assert ours.client.get("/metrics", headers=headers).status_code == 403


def test_nothing_of_a_person_is_in_them(ours: Site) -> None:
    user = ours.add()
    pair = ours.pair()
    ours.me(pair["access_token"])
    text = ours.client.get("/metrics").text
    for secret in (EMAIL, user.id, pair["access_token"], "127.0.0.1"):
        assert secret not in text
