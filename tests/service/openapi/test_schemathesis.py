"""Schemathesis sends valid and invalid requests to the running service.

Rate limits would make a response depend on earlier requests, so each request comes from its own
address behind a trusted proxy, and each token belongs to its own user.
"""

import ipaddress
import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import schemathesis
from schemathesis import BaseSchema
from schemathesis.config import (
    ChecksConfig,
    GenerationConfig,
    PositiveDataAcceptanceConfig,
    SchemathesisConfig,
)
from schemathesis.engine import from_schema
from schemathesis.engine.events import NonFatalError, ScenarioFinished

from flask_watchword.accounts.users import new_user
from flask_watchword.clock import system_clock
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.features.table import active_features, endpoints_of
from flask_watchword.service.openapi.operation import path_of
from flask_watchword.service.tokens import PASSWORD_METHOD, AuthenticationContext
from tests.cli import conftest as served
from tests.cli.conftest import Serve
from tests.service.under_test import GOOD, ServiceUnderTest, service_under_test

pytestmark = [pytest.mark.server, pytest.mark.slow]

free_port = served.free_port
serve = served.serve

EXAMPLES = 15
SEED = 20
MASTER_KEY = "A" * 43
#: Statuses that a request valid under the schema may still receive: a string can match the schema
#: without being an e-mail address, and a code of the right length can be unknown.
ADMITTED = ["2xx", "3xx", "400", "401", "403", "404", "409", "422", "429"]


@pytest.fixture
def beside(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceUnderTest]:
    """The same service in this process, over the database of the running one; it creates tokens."""
    with service_under_test(sqlite_url, monkeypatch) as found:
        yield found


@pytest.fixture
def url(
    serve: Serve, beside: ServiceUnderTest, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The URL of the running service."""
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", MASTER_KEY)
    monkeypatch.setenv("WATCHWORD_TRUSTED_PROXIES", "1")
    server = serve("--database", sqlite_url, "--workers", "1")
    server.wait_until_it_listens()
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture(autouse=True)
def _from_everywhere() -> Iterator[None]:
    places = map(str, map(ipaddress.IPv4Address, itertools.count(0x0A000001)))

    @schemathesis.hook
    def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
        case.headers["X-Forwarded-For"] = next(places)

    yield
    schemathesis.hooks.unregister_all()


def description(url: str) -> BaseSchema:
    schema = schemathesis.openapi.from_url(
        f"{url}/openapi.json", config=SchemathesisConfig(seed=SEED)
    )
    schema.config.generation = GenerationConfig(
        deterministic=True, max_examples=EXAMPLES, database="none"
    )
    schema.config.checks = ChecksConfig(
        positive_data_acceptance=PositiveDataAcceptanceConfig(expected_statuses=ADMITTED)
    )
    return schema


def with_tokens(schema: BaseSchema, beside: ServiceUnderTest) -> None:
    """Give each request the token that it needs, of a user that no other request uses."""
    password_hash, users = beside.parts.passwords.hash(GOOD), itertools.count()

    def pair() -> Any:
        user = replace(
            new_user(f"user{next(users)}@example.com", password_hash, system_clock()),
            roles=frozenset({"admin"}),
        )
        beside.parts.stores.users.add(user)
        with beside.app.app_context():
            return beside.parts.sessions.start(
                AuthenticationContext(user, (PASSWORD_METHOD,)), fresh=True
            )

    @schema.auth(refresh_interval=None)
    class Tokens:
        def get(self, case: Any, context: Any) -> str | None:
            needed = case.operation.definition.raw["security"]
            return getattr(pair(), next(iter(needed[0]))) if needed else None

        def set(self, case: Any, data: str | None, context: Any) -> None:
            if data is not None:
                case.headers["Authorization"] = f"Bearer {data}"


@dataclass
class Findings:
    """Problems found, the number of responses per status, and the operations that were called."""

    wrong: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    called: set[str] = field(default_factory=set)

    def record(self, event: ScenarioFinished) -> None:
        if (
            event.label is not None
        ):  # stateful tests, which run several operations in a row, have none
            self.called.add(event.label)
        for one in event.recorder.interactions.values():
            self.statuses[one.response.status_code if one.response else 0] += 1
        checked = itertools.chain(*event.recorder.checks.values())
        failed = (one.failure_info for one in checked if one.failure_info is not None)
        self.wrong += [f"{event.label}: {one.failure} {one.code_sample}" for one in failed]

    def assert_only_service_errors(self) -> None:
        """Check that no response is about the connection or about earlier requests."""
        assert self.statuses[0] == self.statuses[500] == self.statuses[503] == 0
        assert self.statuses[429] < self.statuses.total() / 20


def found(schema: BaseSchema) -> Findings:
    findings = Findings()
    for event in from_schema(schema).execute():
        if isinstance(event, NonFatalError):
            findings.wrong.append(f"{event.label}: {event.info}")
        elif isinstance(event, ScenarioFinished):
            findings.record(event)
    return findings


def every_operation() -> set[str]:
    # Schemathesis fetches the description itself and does not test that operation.
    return {f"{one.method} {path_of(one)}" for one in endpoints_of(active_features(Settings()))} - {
        "GET /openapi.json"
    }


def test_schemathesis_finds_no_problem_without_a_token(url: str) -> None:
    findings = found(description(url))
    assert findings.wrong == []
    assert findings.called == every_operation()
    assert {200, 202, 401, 405, 422} <= set(findings.statuses)
    findings.assert_only_service_errors()


def test_schemathesis_finds_no_problem_with_a_token(url: str, beside: ServiceUnderTest) -> None:
    schema = description(url)
    with_tokens(schema, beside)
    findings = found(schema)
    assert findings.wrong == []
    assert findings.called == every_operation()
    assert {200, 202, 204, 401, 403, 404, 405, 422} <= set(findings.statuses)
    findings.assert_only_service_errors()
