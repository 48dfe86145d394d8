"""A public request about an address does the same work for known and unknown addresses.

The same holds for the work of the mail thread, which competes with other requests.
"""

import re
from typing import Any

import pytest

from flask_watchword.accounts.outbox import Mail, SendingFailed, deliver_due
from flask_watchword.clock import system_clock
from flask_watchword.service.mail.mailing import Mailing
from tests.infra.sql.recorded_statements import about_our_tables, recording
from tests.service.under_test import GOOD, ServiceUnderTest, service_under_test

KINDS = ("known", "unknown", "disabled")
VALUES = re.compile(r"[xX]?'(?:[^']|'')*'|\b\d+(?:\.\d+)?(?:e\d+)?\b")


class Dialogue:
    """A transport that counts its uses and can be told to fail."""

    def __init__(self, failure: SendingFailed | None) -> None:
        self.used = 0
        self._failure = failure

    def send(self, mail: Mail) -> None:
        self.used += 1
        if self._failure is not None:
            raise self._failure

    send_decoy = send


def shapes(sent: list[tuple[str, Any]]) -> list[str]:
    """Return the statements without their values, and clear them."""
    found = [VALUES.sub("?", statement) for statement, _ in about_our_tables(sent)]
    sent.clear()
    return found


def add_users(service: ServiceUnderTest) -> None:
    service.add("known@example.com")
    service.parts.stores.users.disable(service.add("disabled@example.com").id, system_clock())
    # The connection, and what the driver reads about the database.
    service.post("/password/forgot", email="another@example.com")
    service.mail()


@pytest.mark.parametrize("failure", [None, SendingFailed("421")], ids=["sent", "later"])
@pytest.mark.parametrize("path", ["/register", "/password/forgot", "/email/verify/resend"])
def test_known_unknown_and_disabled_accounts_cause_the_same_work(
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    failure: SendingFailed | None,
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(Mailing, "wake", lambda _: woken.append("woken"))
    body = {"password": GOOD} if path == "/register" else {}
    requested, delivered, woken_by = {}, {}, {}
    with recording() as sent, service_under_test(database_url, monkeypatch) as service:
        add_users(service)
        outbox = service.parts.repositories.outbox
        for kind in KINDS:
            sent.clear()
            woken.clear()
            service.post(path, email=f"{kind}@example.com", **body)
            requested[kind], woken_by[kind] = shapes(sent), len(woken)
            transport = Dialogue(failure)
            outcomes = deliver_due(outbox, transport, system_clock, 10)
            results = [outcome.result for outcome in outcomes]
            delivered[kind] = (results, transport.used, shapes(sent))
    assert delivered["known"] == delivered["unknown"] == delivered["disabled"]
    assert delivered["known"][1] == 1
    assert woken_by == dict.fromkeys(KINDS, 1)
    if path != "/register":
        assert requested["known"] == requested["unknown"] == requested["disabled"]
