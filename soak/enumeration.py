"""Response times, of a request and of those after it, do not reveal which addresses have accounts.

Mail is delivered to an SMTP server in its own process. The mail thread runs beside the requests and
delays them by its share of the interpreter and the database.
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
from soak.findings import Finding, Scale, summary
from soak.places import VALKEY, Place
from tests.servers.smtp import running_smtp

#: The largest allowed distance between medians, as a share of the time of one hash.
SHARE = 0.05
#: The largest allowed advantage of an attacker over a guess: the probability that, of an existing
#: and a missing account, the slower (or faster) response belongs to the existing one.
MOST_AUC = 0.55

#: Requests after each probe, whose times reveal concurrent work.
_AFTER = 4
#: Seconds until the next probe, during which mail is sent.
_PAUSE = 0.025

_KINDS = ("known", "unknown", "disabled")
_WITH_PASSWORD = ("/login", "/register")
_PATHS = (*_WITH_PASSWORD, "/password/forgot", "/email/verify/resend")
#: For these, only the mailbox reveals whether the address has an account.
_BY_MAIL = ("/register", "/password/forgot", "/email/verify/resend")
_NO_CODE = {"code": "0" * 43, "password": "x"}
_GOOD, _WRONG = "correct horse battery staple", "seven lazy otters juggle"


@dataclass
class Probes:
    """The results of one kind of request.

    Attributes:
        seconds: the response times by kind of address.
        after: the total time of the requests after each one.
        answers: status and body of each response.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in _KINDS})
    after: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in _KINDS})
    answers: Counter[str] = field(default_factory=Counter)

    @property
    def gap(self) -> float:
        """Return the distance of the medians in seconds."""
        medians = [statistics.median(seconds) for seconds in self.seconds.values()]
        return max(medians) - min(medians)

    @property
    def aucs(self) -> dict[str, float]:
        """Return how well each measurement separates known from unknown addresses."""
        measured = {"answer": self.seconds, f"next {_AFTER} requests": self.after}
        return {what: auc(times["known"], times["unknown"]) for what, times in measured.items()}


def auc(these: Sequence[float], those: Sequence[float]) -> float:
    """Return the area under the ROC curve of the better of two classifiers: larger, or smaller."""
    ranks = {value: rank for rank, value in enumerate(sorted([*these, *those]), start=1)}
    pairs = len(these) * len(those)
    larger = (sum(ranks[value] for value in these) - len(these) * (len(these) + 1) / 2) / pairs
    return max(larger, 1 - larger)


def trial(place: Place, scale: Scale) -> Iterator[Finding]:
    """Send requests for known, unknown and disabled addresses in random order."""
    if place.name == VALKEY:
        return  # accounts are in the database
    one_hash = _one_hash()
    for path, probes in probe_addresses(place, scale.strangers).items():
        medians = ", ".join(
            f"{kind} {1000 * statistics.median(seconds):.2f} ms"
            for kind, seconds in probes.seconds.items()
        )
        yield Finding(
            f"{path} takes equally long for every address: within 5 % of a hash",
            place.name,
            f"{medians}: {probes.gap / one_hash:.1%} of a hash apart ({1000 * one_hash:.1f} ms); "
            + summary(probes.answers),
            probes.gap < SHARE * one_hash and len(probes.answers) == 1,
        )
        if path in _BY_MAIL:
            yield Finding(
                f"{path} hides by its time which addresses are known: AUC at most {MOST_AUC}",
                place.name,
                ", ".join(f"by the {what} {found:.3f}" for what, found in probes.aucs.items()),
                max(probes.aucs.values()) <= MOST_AUC,
            )


def probe_addresses(place: Place, number: int) -> dict[str, Probes]:
    """Return the results of a number of requests to each path that takes an address."""
    with _mail_server() as url:
        settings = read_settings(
            {}, database=place.url, master_key="A" * 43, smtp=url, mail_from="login@example.com"
        )
        prepare(settings)
        return _probe(settings, number)


def _probe(settings: Settings, number: int) -> dict[str, Probes]:
    found = {}
    with opened_stores(settings) as stores:
        app = create_app(settings, stores=stores)
        try:
            for path in _PATHS:
                name = path.rpartition("/")[2]
                _add_users(settings, name, number)
                found[path] = _ask(app.test_client(), path, name, number)
        finally:
            # Otherwise their threads would reopen the database after it is closed.
            app.extensions["watchword"].close()
    return found


def _ask(client: FlaskClient, path: str, name: str, number: int) -> Probes:
    probes = Probes()
    questions = [(kind, place) for place in range(number // len(_KINDS)) for kind in _KINDS]
    random.shuffle(questions)
    for count, (kind, place) in enumerate(questions):
        body = {"email": _email(name, kind, place)}
        if path in _WITH_PASSWORD:
            # A disabled user is rejected with the correct password as well.
            right = kind == "disabled" and path == "/login"
            body["password"] = _GOOD if right else _WRONG
        # Each address is used once; otherwise requests would be rate limited.
        where = {"REMOTE_ADDR": f"10.{count >> 8}.{count & 255}.1"}
        began = time.perf_counter()
        answer = client.post(path, json=body, environ_base=where)
        answered = time.perf_counter()
        for _ in range(_AFTER):
            # A few statements, two of which write.
            client.post("/email/verify", json=_NO_CODE, environ_base=where)
        probes.seconds[kind].append(answered - began)
        probes.after[kind].append(time.perf_counter() - answered)
        probes.answers[f"{answer.status_code} {answer.get_json()['msg']}"] += 1
        time.sleep(_PAUSE)
    return probes


@contextmanager
def _mail_server() -> Iterator[str]:
    """Yield the URL of a mail server in its own process, which does not delay this one."""
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
    # It does not parse messages: that would take a core from the measured requests.
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
