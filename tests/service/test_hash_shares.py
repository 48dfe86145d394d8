"""No client can occupy all of the password hashing, even with correct passwords."""

import contextlib
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.errors import LOGIN_BUSY
from flask_watchword.accounts.rate_limit_declarations import Limits
from flask_watchword.accounts.rate_limits import Limit, TooManyAttempts
from flask_watchword.accounts.shared_limits import ACCEPTED_PASSWORD_PER_ACCOUNT
from flask_watchword.service.authentication.login_limits import SUCCESSFUL_LOGIN_PER_ACCOUNT
from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.features.totp.flow import TOTP, Enrolment
from tests.service.good_requests import ENDPOINTS, GOOD_REQUESTS, send
from tests.service.under_test import EMAIL, GOOD, ServiceUnderTest, service_under_test

HERE = "127.0.0.1"
#: Endpoints that hash a password. An admin who adds users is trusted and not limited.
HASHING = [
    one
    for one in ENDPOINTS.values()
    if LOGIN_BUSY in one.errors and not one.path.startswith("/admin/")
]


def take_all(
    service: ServiceUnderTest, held: ExitStack, address: str, account: str | None = None
) -> None:
    """Occupy every slot that one client may use until the end of the test."""
    with contextlib.suppress(TooManyAttempts):
        # All slots of the process are more than one client may use.
        for _ in range(service.parts.passwords.capacity):
            held.enter_context(service.parts.hash_shares.slot(address, account))


@pytest.fixture
def service(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceUnderTest]:
    with service_under_test(sqlite_url, monkeypatch) as found:
        yield found


@pytest.mark.parametrize("one", HASHING, ids=lambda one: one.name)
def test_hashing_endpoint_takes_a_slot_of_the_clients_share_first(
    service: ServiceUnderTest, one: Endpoint
) -> None:
    request = GOOD_REQUESTS[one.name](service)
    events = service.events()
    with ExitStack() as held:
        take_all(service, held, HERE)
        refused = send(service, one, request)
        assert (refused.status_code, refused.get_json()["code"]) == (429, "too_many_tries")
        assert refused.headers["Retry-After"] == "1"
    assert service.events() == events
    assert send(service, one, request).status_code == min(one.responses)


def test_connections_that_log_in_to_one_account_leave_slots_to_others(
    service: ServiceUnderTest,
) -> None:
    service.add()
    service.add("bob@example.com")
    with ExitStack() as held:
        take_all(service, held, HERE, email_key(EMAIL))
        assert service.log_in().status_code == 429
        assert service.log_in("bob@example.com").status_code == 200
    assert service.log_in().status_code == 200


LITTLE = Limits(
    {
        SUCCESSFUL_LOGIN_PER_ACCOUNT: Limit(3, 600.0),
        ACCEPTED_PASSWORD_PER_ACCOUNT: Limit(3, 600.0),
    }
)


@pytest.fixture
def narrow(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceUnderTest]:
    with service_under_test(sqlite_url, monkeypatch, limits=LITTLE) as found:
        yield found


def test_successful_logins_count_too(narrow: ServiceUnderTest) -> None:
    narrow.add()
    narrow.add("bob@example.com")
    assert [narrow.log_in().status_code for _ in range(4)] == [200] * 3 + [429]
    assert narrow.log_in("bob@example.com").status_code == 200


def test_logins_that_wait_for_a_second_factor_count_too(narrow: ServiceUnderTest) -> None:
    user = narrow.add_verified()
    totp = narrow.parts.repositories.get(TOTP)
    totp.begin(Enrolment(user.id, "A" * 32, 0.0))
    totp.confirm(user.id, 0.0, 1, 0.0)
    assert [narrow.log_in().status_code for _ in range(4)] == [200] * 3 + [429]


def test_wrong_passwords_use_up_none_of_the_owners_logins(narrow: ServiceUnderTest) -> None:
    narrow.add()
    assert [narrow.log_in(password="wrong").status_code for _ in range(5)] == [401] * 5
    assert narrow.log_in().status_code == 200


def test_correct_passwords_of_confirmations_count_too(
    narrow: ServiceUnderTest,
) -> None:
    narrow.add()
    token = narrow.pair()["access_token"]
    # Rejected for the address, after the password was verified.
    responses = [
        narrow.post("/email/change", token, email="localhost", password=GOOD) for _ in range(4)
    ]
    assert [answer.status_code for answer in responses] == [422] * 3 + [429]
    wrong = narrow.post("/email/change", token, email="localhost", password="wrong")
    assert wrong.status_code == 429
