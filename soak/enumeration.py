"""Who asks about addresses learns nothing by the time of an answer: they take equally long."""

import logging
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from flask.testing import FlaskClient

from flask_watchword.accounts.passwords import Passwords
from flask_watchword.accounts.users import new_user
from flask_watchword.clock import system_clock
from flask_watchword.service.app import create_app
from flask_watchword.service.settings import Settings, read_settings
from flask_watchword.service.stores import opened_stores, prepare
from soak.findings import Finding, Scale, told
from soak.places import VALKEY, Place

#: The most that the medians may lie apart, as a share of one hash.
SHARE = 0.05

_KINDS = ("known", "unknown", "disabled")
_WITH_PASSWORD = ("/login", "/register")
_PATHS = (*_WITH_PASSWORD, "/password/forgot", "/email/verify/resend")
_GOOD, _WRONG = "correct horse battery staple", "seven lazy otters juggle"


@dataclass
class Asked:
    """What came of one kind of question.

    Attributes:
        seconds: how long each answer took, by what the address was.
        answers: status and body of each.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in _KINDS})
    answers: Counter[str] = field(default_factory=Counter)

    @property
    def gap(self) -> float:
        """Return by how many seconds the medians lie apart."""
        medians = [statistics.median(seconds) for seconds in self.seconds.values()]
        return max(medians) - min(medians)


def trial(place: Place, scale: Scale) -> Iterator[Finding]:
    """Ask about addresses that are known, unknown and disabled, in an order drawn by lot."""
    if place.name == VALKEY:
        return  # accounts are in the database
    one_hash = _one_hash()
    for path, asked in asked_about(place, scale.strangers).items():
        medians = ", ".join(
            f"{kind} {1000 * statistics.median(seconds):.2f} ms"
            for kind, seconds in asked.seconds.items()
        )
        yield Finding(
            f"{path} takes equally long for every address: within 5 % of a hash",
            place.name,
            f"{medians}: {asked.gap / one_hash:.1%} of a hash apart ({1000 * one_hash:.1f} ms); "
            + told(asked.answers),
            asked.gap < SHARE * one_hash and len(asked.answers) == 1,
        )


def asked_about(place: Place, number: int) -> dict[str, Asked]:
    """Return what came of so many questions to each of the paths that take an address."""
    settings = read_settings({}, database=place.url, master_key="A" * 43)
    logging.getLogger("flask_watchword.mail").setLevel(logging.CRITICAL)
    found = {}
    prepare(settings)
    with opened_stores(settings) as stores:
        app = create_app(settings, stores=stores)
        try:
            for path in _PATHS:
                name = path.rpartition("/")[2]
                _add_users(settings, name, number)
                found[path] = _ask(app.test_client(), path, name, number)
        finally:
            # Or their threads would open the database anew once that is closed.
            app.extensions["watchword"].close()
    return found


def _ask(client: FlaskClient, path: str, name: str, number: int) -> Asked:
    asked = Asked()
    questions = [(kind, place) for place in range(number // len(_KINDS)) for kind in _KINDS]
    random.shuffle(questions)
    for count, (kind, place) in enumerate(questions):
        body = {"email": _email(name, kind, place)}
        if path in _WITH_PASSWORD:
            # Somebody who is disabled is refused with the right password as well.
            right = kind == "disabled" and path == "/login"
            body["password"] = _GOOD if right else _WRONG
        # Nobody asks twice, or they would be slowed down.
        where = {"REMOTE_ADDR": f"10.{count >> 8}.{count & 255}.1"}
        began = time.perf_counter()
        answer = client.post(path, json=body, environ_base=where)
        asked.seconds[kind].append(time.perf_counter() - began)
        asked.answers[f"{answer.status_code} {answer.get_json()['msg']}"] += 1
    return asked


def _add_users(settings: Settings, name: str, number: int) -> None:
    password_hash = Passwords().hash(_GOOD)
    with opened_stores(settings) as stores:
        for kind in ("known", "disabled"):
            for place in range(number // len(_KINDS)):
                user = new_user(_email(name, kind, place), password_hash, system_clock())
                stores.users.add(user)
                if kind == "disabled":
                    stores.users.disable(user.id, system_clock())


def _email(name: str, kind: str, place: int) -> str:
    return f"{name}-{kind}-{place}@example.com"


def _one_hash() -> float:
    passwords, times = Passwords(), []
    for _ in range(30):
        began = time.perf_counter()
        passwords.verify_nobody(_WRONG)
        times.append(time.perf_counter() - began)
    return statistics.median(times)
