"""Races for accounts on real databases, between threads and between processes."""

import multiprocessing
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, select

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.notifications import Notification
from flask_watchword.accounts.one_time_codes import InvalidCode
from flask_watchword.accounts.outbox import Body, Outbox, new_mail
from flask_watchword.accounts.passwords import HashProfile, Passwords
from flask_watchword.infra.sql import tables
from flask_watchword.infra.sql.engine import open_engine, reading
from flask_watchword.infra.sql.users import SqlUserStore
from flask_watchword.service.features.password_reset.flow import RESET_PASSWORD, request_reset
from flask_watchword.service.features.registration.flow import register
from tests.service.places import accounts_at

PROCESSES = 4
THREADS = 8
REGISTRATIONS = 200
REDEMPTIONS = 1_000
NOW = 1_700_000_000.0
PASSWORD = "correct horse battery staple"
SPELLINGS = ("ada@example.com", "ADA@EXAMPLE.COM", "Ada@Example.com", "\uff41da@EXAMPLE.com")


class PlainMailer:
    """Puts notifications into the outbox of a transaction, with the code as their text.

    A transaction can run several times; only the e-mail of the committed run remains.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def send(self, letter: Notification) -> None:
        body = Body(letter.kind, letter.code or "", "")
        self._outbox.put(new_mail(letter.kind, letter.recipient, body, NOW))

    def send_nothing(self) -> None:
        pass


@dataclass(frozen=True)
class Place:
    """A database used by several processes; it is pickled."""

    url: str

    @contextmanager
    def accounts(self) -> Iterator[Accounts]:
        engine = open_engine(self.url, busy_seconds=30.0)
        yield Accounts(
            database=accounts_at(engine),
            passwords=Passwords(
                HashProfile(memory_kib=8, time_cost=1, parallelism=1), patience=60.0
            ),
            mailer_for=PlainMailer,
            clock=lambda: NOW,
        )
        engine.dispose()


def register_often(place: Place, times: int) -> None:
    """Register one address from threads of this process."""
    spellings = [SPELLINGS[n % len(SPELLINGS)] for n in range(times)]
    with place.accounts() as accounts, ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda email: register(accounts, email, PASSWORD), spellings))


def redeem_often(place: Place, code: str, times: int) -> int:
    """Redeem one code from threads of this process; return the number of successes."""

    def succeeds(accounts: Accounts) -> bool:
        try:
            accounts.transaction(lambda tx: tx.redeem(code, RESET_PASSWORD))
        except InvalidCode:
            return False
        return True

    with place.accounts() as accounts, ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(succeeds, [accounts] * times))


def queued_messages(engine: Engine) -> Counter[str]:
    """Return the number of messages of each kind in the outbox."""
    with reading(engine) as connection:
        return Counter(connection.scalars(select(tables.outbox.c.kind)))


def place_of(engine: Engine) -> Place:
    url = engine.url
    if url.get_backend_name() == "postgresql":
        # The timeout is so long that no process gives up on a busy machine.
        url = url.update_query_dict({"connect_timeout": "30"})
    return Place(url.render_as_string(hide_password=False))


@pytest.mark.server
def test_one_of_200_concurrent_registrations_of_one_address_succeeds(
    any_engine: Engine,
) -> None:
    place = place_of(any_engine)
    # Not forked: forking has its own tests.
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        each = [(place, REGISTRATIONS // PROCESSES)] * PROCESSES
        pool.starmap(register_often, each)
    assert queued_messages(any_engine) == {
        "verify_email": 1,
        "already_registered": REGISTRATIONS - 1,
    }
    log = accounts_at(any_engine).repositories.audit_log.after(0, 2 * REGISTRATIONS)
    assert Counter(entry.event.event for entry in log) == {
        "registered": 1,
        "registered_again": REGISTRATIONS - 1,
    }
    assert [user.email_key for user in SqlUserStore(any_engine).page()] == ["ada@example.com"]


@pytest.mark.server
def test_one_of_1000_concurrent_redemptions_of_one_code_succeeds(any_engine: Engine) -> None:
    place = place_of(any_engine)
    with place.accounts() as accounts:
        register(accounts, "ada@example.com", PASSWORD)
        outbox = accounts.repositories.outbox
        assert outbox.claim(NOW, 60.0)
        request_reset(accounts, "ada@example.com", send_email=True)
        claimed = outbox.claim(NOW, 60.0)
    assert claimed is not None
    assert claimed.mail.kind == "reset_password"
    code = claimed.mail.body.text
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        each = [(place, code, REDEMPTIONS // PROCESSES)] * PROCESSES
        assert sum(pool.starmap(redeem_often, each)) == 1
