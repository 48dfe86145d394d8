"""Checks of the servers: schema, eviction, persistence, mail."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from flask_watchword.extension.checks.results import Level
from flask_watchword.infra.factory import valkey_states
from flask_watchword.infra.sql.schema import Revision
from flask_watchword.infra.sql.state import DatabaseState
from flask_watchword.infra.valkey.state import ValkeyState
from flask_watchword.service.checks.stores import (
    check_eviction,
    check_mail,
    check_persistence,
    check_schema,
)
from flask_watchword.service.configuration.settings import Settings
from tests.servers.certificates import certificate_for
from tests.servers.smtp import running_smtp
from tests.servers.valkey import running_cluster, running_valkey

GOOD = ValkeyState(ahead=0.0, eviction="noeviction", most_memory=2**20, appends=True)


@pytest.mark.parametrize(
    ("revision", "level"),
    [
        (Revision("0005", "0005", is_known=True), Level.OK),
        (Revision("0004", "0005", is_known=True), Level.PROBLEM),
        (Revision("0006", "0005", is_known=False), Level.PROBLEM),
        (Revision(None, "0005", is_known=True), Level.WARNING),
    ],
)
def test_schema_of_another_version_is_reported(revision: Revision, level: Level) -> None:
    assert check_schema("database", DatabaseState(revision, None)).level is level


@pytest.mark.parametrize(
    ("eviction", "most", "level"),
    [
        ("noeviction", 2**20, Level.OK),
        ("allkeys-lru", 2**20, Level.PROBLEM),
        ("volatile-ttl", 0, Level.WARNING),
    ],
)
def test_server_that_evicts_keys_is_reported(eviction: str, most: int, level: Level) -> None:
    other = replace(GOOD, eviction=eviction, most_memory=most)
    assert check_eviction("Valkey", [GOOD, other]).level is level


def test_server_without_persistence_is_reported() -> None:
    off = replace(GOOD, appends=False)
    assert check_persistence("Valkey", [GOOD]).level is Level.OK
    assert check_persistence("Valkey", [GOOD, off]).level is Level.WARNING


@pytest.mark.server
def test_configuration_of_a_server_is_read_from_it() -> None:
    settings = {"maxmemory-policy": "allkeys-lru", "maxmemory": "64mb", "appendonly": "yes"}
    with running_valkey(**settings) as server:
        (state,) = valkey_states(server.url)
    assert (state.eviction, state.most_memory, state.appends) == ("allkeys-lru", 64 * 2**20, True)
    # Both processes use the clock of this machine.
    assert abs(state.ahead) < 5


@pytest.mark.server
def test_every_primary_of_a_cluster_is_checked() -> None:
    with running_cluster() as servers:
        with servers[2].client() as client:
            client.execute_command("CONFIG SET", "maxmemory-policy", "allkeys-lru")
        states = valkey_states(servers[0].url.replace("valkey://", "valkey+cluster://"))
    policies = ["allkeys-lru", "noeviction", "noeviction"]
    assert sorted(state.eviction for state in states) == policies


def mail(port: int, scheme: str = "smtp+plain", certificates: Path | None = None) -> Settings:
    return Settings(
        smtp=f"{scheme}://127.0.0.1:{port}",
        mail_from="no-reply@example.com",
        smtp_certificates=certificates,
    )


def test_reachable_mail_server_is_fine_and_receives_no_message() -> None:
    with running_smtp() as (received, port):
        assert check_mail(mail(port)).level is Level.OK
    assert received.messages == []


def test_mail_server_without_tls_or_with_an_unknown_certificate_is_a_problem(
    tmp_path: Path,
) -> None:
    with running_smtp() as (_, port):
        found = check_mail(mail(port, "smtp"))
        assert found.level is Level.PROBLEM
        assert "smtp+plain://" in found.remedy
    tls, certificate = certificate_for("127.0.0.1", tmp_path)
    with running_smtp(tls) as (_, port):
        assert check_mail(mail(port, "smtp")).level is Level.PROBLEM
        assert check_mail(mail(port, "smtp", certificate)).level is Level.OK


def test_unreachable_mail_server_is_a_problem() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        found = check_mail(mail(closed.getsockname()[1]))
    assert found.level is Level.PROBLEM
    assert found.remedy


def test_mail_without_a_sender_is_a_problem() -> None:
    found = check_mail(Settings(smtp="smtp+plain://127.0.0.1:1"))
    assert found.level is Level.PROBLEM
    assert "WATCHWORD_MAIL_FROM" in found.says


def test_codes_in_the_log_of_a_public_service_are_reported() -> None:
    assert check_mail(Settings()).level is Level.OK
    assert check_mail(Settings(public_url="https://login.example.com")).level is Level.WARNING
