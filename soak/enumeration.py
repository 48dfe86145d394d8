"""Neither an answer nor the requests after it tell by their time which addresses have an account.

Mail is handed to an SMTP server in a process of its own. The thread that does so runs beside the
requests, and delays them by what it takes of the interpreter and of the database.
"""

import multiprocessing
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from aiosmtpd.handlers import Sink
from flask.testing import FlaskClient

from flask_watchword.accounts.passwords import Passwords
from flask_watchword.accounts.users import new_user
from flask_watchword.clock import system_clock
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.load_settings import read_settings
from flask_watchword.service.stores import opened_stores, prepare
from soak.findings import Finding, Scale, told
from soak.places import VALKEY, Place
from tests.servers.smtp import running_smtp

#: The most that the medians may lie apart, as a share of one hash.
SHARE = 0.05
#: The most that an attacker may be better than a guess: of an account that exists and one that does
#: not, how often the slower answer, or the faster one, belongs to the one that exists.
MOST_AUC = 0.55

#: Requests after each question, by which what goes on beside them shows.
_AFTER = 4
#: Seconds until the next question, in which mail is sent.
_PAUSE = 0.025

_KINDS = ("known", "unknown", "disabled")
_WITH_PASSWORD = ("/login", "/register")
_PATHS = (*_WITH_PASSWORD, "/password/forgot", "/email/verify/resend")
#: Of these only the mailbox tells what the address is.
_BY_MAIL = ("/register", "/password/forgot", "/email/verify/resend")
_NO_CODE = {"code": "0" * 43, "password": "x"}
_GOOD, _WRONG = "correct horse battery staple", "seven lazy otters juggle"


@dataclass
class Asked:
    """What came of one kind of question.

    Attributes:
        seconds: how long each answer took, by what the address was.
        after: how long the requests after it took together.
        answers: status and body of each.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in _KINDS})
    after: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in _KINDS})
    answers: Counter[str] = field(default_factory=Counter)

    @property
    def gap(self) -> float:
        """Return by how many seconds the medians lie apart."""
        medians = [statistics.median(seconds) for seconds in self.seconds.values()]
        return max(medians) - min(medians)

    @property
    def aucs(self) -> dict[str, float]:
        """Return how well known and unknown are told apart, by what an attacker measures."""
        measured = {"answer": self.seconds, f"next {_AFTER} requests": self.after}
        return {what: auc(times["known"], times["unknown"]) for what, times in measured.items()}


def auc(these: Sequence[float], those: Sequence[float]) -> float:
    """Return the area under the ROC curve of the better of two classifiers: larger, or smaller."""
    ranks = {value: rank for rank, value in enumerate(sorted([*these, *those]), start=1)}
    pairs = len(these) * len(those)
    larger = (sum(ranks[value] for value in these) - len(these) * (len(these) + 1) / 2) / pairs
    return max(larger, 1 - larger)


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
        if path in _BY_MAIL:
            yield Finding(
                f"{path} hides by its time which addresses are known: AUC at most {MOST_AUC}",
                place.name,
                ", ".join(f"by the {what} {found:.3f}" for what, found in asked.aucs.items()),
                max(asked.aucs.values()) <= MOST_AUC,
            )


def asked_about(place: Place, number: int) -> dict[str, Asked]:
    """Return what came of so many questions to each of the paths that take an address."""
    with _mail_server() as url:
        settings = read_settings(
            {}, database=place.url, master_key="A" * 43, smtp=url, mail_from="login@example.com"
        )
        prepare(settings)
        return _asked(settings, number)


def _asked(settings: Settings, number: int) -> dict[str, Asked]:
    found = {}
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
        answered = time.perf_counter()
        for _ in range(_AFTER):
            # A few statements, two of which write.
            client.post("/email/verify", json=_NO_CODE, environ_base=where)
        asked.seconds[kind].append(answered - began)
        asked.after[kind].append(time.perf_counter() - answered)
        asked.answers[f"{answer.status_code} {answer.get_json()['msg']}"] += 1
        time.sleep(_PAUSE)
    return asked


@contextmanager
def _mail_server() -> Iterator[str]:
    """Lend the URL of a mail server in a process of its own, which would else delay ours."""
    ours, theirs = multiprocessing.Pipe()
    # Spawned, since this process has threads.
    process = multiprocessing.get_context("spawn").Process(target=_serve_mail, args=(theirs,))
    process.start()
    try:
        yield f"smtp+plain://127.0.0.1:{ours.recv()}"
    finally:
        ours.send("stop")
        process.join()


def _serve_mail(connection: Connection) -> None:
    # It only takes a message: to read it would keep a core from the requests that are measured.
    with running_smtp(handler=Sink()) as (_, port):
        connection.send(port)
        connection.recv()


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
        passwords.verify_decoy(_WRONG)
        times.append(time.perf_counter() - began)
    return statistics.median(times)
