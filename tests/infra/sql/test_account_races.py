"""Races for accounts on real databases: by threads, and by threads of several processes."""

import multiprocessing
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine

from flask_watchword.accounts.accounts import Accounts, redeem
from flask_watchword.accounts.notifications import Notification, NotificationKind
from flask_watchword.accounts.one_time_codes import InvalidCode, Purpose
from flask_watchword.accounts.passwords import HashProfile, Passwords
from flask_watchword.infra.sql.api_tokens import SqlApiTokenStore
from flask_watchword.infra.sql.codes import SqlCodeStore
from flask_watchword.infra.sql.engine import open_engine
from flask_watchword.infra.sql.users import SqlUserStore
from flask_watchword.service.features.password_reset.flow import forgot
from flask_watchword.service.features.registration.flow import register

PROCESSES = 4
THREADS = 8
REGISTRATIONS = 200
REDEMPTIONS = 1_000
PASSWORD = "correct horse battery staple"
SPELLINGS = ("ada@example.com", "ADA@EXAMPLE.COM", "Ada@Example.com", "\uff41da@EXAMPLE.com")


class Mailbox:
    """Keeps the letters of one process."""

    def __init__(self) -> None:
        self.letters: list[Notification] = []

    def send(self, letter: Notification) -> None:
        self.letters.append(letter)

    def send_nothing(self) -> None:
        pass


@dataclass(frozen=True)
class Place:
    """A database that processes meet at; it crosses to them by pickling."""

    url: str

    def accounts(self, mailer: Mailbox) -> tuple[Accounts, Engine]:
        engine = open_engine(self.url, busy_seconds=30.0)
        quick = Passwords(HashProfile(memory_kib=8, time_cost=1, parallelism=1), patience=60.0)
        parts = Accounts(
            users=SqlUserStore(engine),
            codes=SqlCodeStore(engine),
            api_tokens=SqlApiTokenStore(engine),
            mailer=mailer,
            passwords=quick,
        )
        return parts, engine


def register_often(place: Place, times: int) -> Counter[NotificationKind]:
    """Register one address from threads of this process; return which letters that made."""
    mailbox = Mailbox()
    accounts, engine = place.accounts(mailbox)
    spellings = [SPELLINGS[n % len(SPELLINGS)] for n in range(times)]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda email: register(accounts, email, PASSWORD), spellings))
    engine.dispose()
    return Counter(letter.kind for letter in mailbox.letters)


def redeem_often(place: Place, code: str, times: int) -> int:
    """Redeem one code from threads of this process; return how often that succeeded."""
    accounts, engine = place.accounts(Mailbox())

    def succeeds(_: int) -> bool:
        try:
            redeem(accounts, code, Purpose.RESET_PASSWORD)
        except InvalidCode:
            return False
        return True

    with ThreadPoolExecutor(THREADS) as pool:
        won = sum(pool.map(succeeds, range(times)))
    engine.dispose()
    return won


def place_of(engine: Engine) -> Place:
    return Place(engine.url.render_as_string(hide_password=False))


@pytest.mark.server
def test_of_200_registrations_of_one_address_by_processes_one_makes_a_user(
    any_engine: Engine,
) -> None:
    place = place_of(any_engine)
    # Not forked: what a fork does to a store is a test of its own.
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        each = [(place, REGISTRATIONS // PROCESSES)] * PROCESSES
        letters = sum(pool.starmap(register_often, each), Counter())
    assert letters == {
        NotificationKind.VERIFY_EMAIL: 1,
        NotificationKind.ALREADY_REGISTERED: REGISTRATIONS - 1,
    }
    assert [user.email_key for user in SqlUserStore(any_engine).page()] == ["ada@example.com"]


@pytest.mark.server
def test_of_1000_redemptions_of_one_code_by_processes_one_succeeds(any_engine: Engine) -> None:
    place = place_of(any_engine)
    mailbox = Mailbox()
    accounts, engine = place.accounts(mailbox)
    register(accounts, "ada@example.com", PASSWORD)
    forgot(accounts, "ada@example.com")
    code = mailbox.letters[-1].code
    assert code is not None
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        each = [(place, code, REDEMPTIONS // PROCESSES)] * PROCESSES
        assert sum(pool.starmap(redeem_often, each)) == 1
    engine.dispose()
