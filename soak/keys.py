"""Key rotation under load: a new signing key every two seconds, without failed requests."""

import base64
import json
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http import HTTPStatus

from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.load_settings import read_settings
from flask_watchword.service.signing.signing_keys import key_manager
from flask_watchword.service.stores import opened_keys
from soak.findings import Finding, Scale, summary
from soak.places import VALKEY, Place
from soak.serving import USER, Client, serving

WORKERS = 2
CLIENTS = 8

#: Lifetime of tokens in seconds.
_ACCESS, _REFRESH = 5, 20
#: Seconds between two reads of the JWK Set.
_LOOKS = 0.1
#: Refreshes of one session before the client logs in again.
_ROUNDS = 200


@dataclass(frozen=True)
class Look:
    """The JWK Set as requested at ``began`` and received at ``ended``."""

    began: float
    ended: float
    kids: frozenset[str]


@dataclass
class Use:
    """When the first token of a key was received, and when its last one expires."""

    first: float
    last: float


@dataclass
class Seen:
    """The observations of all clients so far."""

    statuses: Counter[str] = field(default_factory=Counter)
    uses: dict[str, Use] = field(default_factory=dict)
    looks: list[Look] = field(default_factory=list)
    rotations: int = 0

    def note(self, status: int, tokens: Sequence[str] = ()) -> None:
        """Record a response and its tokens."""
        self.statuses[str(status)] += 1
        for token in tokens:
            self._note_use(*_kid_and_end(token), time.time())

    def take_in(self, other: "Seen") -> None:
        """Add the observations of another client."""
        self.statuses += other.statuses
        for kid, use in other.uses.items():
            self._note_use(kid, use.last, use.first)

    def _note_use(self, kid: str, last: float, first: float) -> None:
        use = self.uses.setdefault(kid, Use(first, last))
        use.first, use.last = min(use.first, first), max(use.last, last)


def trial(place: Place, scale: Scale) -> Iterator[Finding]:
    """Rotate while clients log in, refresh and read, and while another polls the JWK Set."""
    if place.name == VALKEY:
        return  # keys are in the database
    seen = rotated_under_load(place, scale)
    early, gone = unlisted(seen)
    failed = Counter({what: n for what, n in seen.statuses.items() if what != "200"})
    yield Finding(
        f"the key rotated every {scale.between:g} s for {scale.rotating:g} s under load: no "
        "request fails, and the JWK Set contains each key from before its first token until its "
        "last expires",
        place.name,
        f"{seen.rotations} rotations, {WORKERS} workers, {sum(seen.statuses.values()):,} requests, "
        f"of which {sum(failed.values())} failed{' (' + summary(failed) + ')' if failed else ''}; "
        f"tokens of {len(seen.uses)} keys, {len(early)} not listed before, {len(gone)} not until "
        f"the end, in {len(seen.looks):,} looks; each was seen {margin(seen):.1f} s before, or "
        "longer",
        not failed and not early and not gone and len(seen.uses) >= seen.rotations - 1,
    )


def rotated_under_load(place: Place, scale: Scale) -> Seen:
    """Return the observations during a period of key rotation."""
    environment = {
        "WATCHWORD_DATABASE": place.url,
        "WATCHWORD_MASTER_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("="),
        "WATCHWORD_KEY_PUBLISH_SECONDS": str(int(scale.between) - 1),
        "WATCHWORD_ACCESS_TOKEN_SECONDS": str(_ACCESS),
        "WATCHWORD_REFRESH_TOKEN_SECONDS": str(_REFRESH),
    }
    settings = read_settings(environment)
    seen, over = Seen(), threading.Event()
    with serving(environment, WORKERS) as port, ThreadPoolExecutor(CLIENTS + 1) as pool:
        with closing(Client(port)) as client:
            seen.looks.append(_look(client))
        watching = pool.submit(_watch, port, over)
        clients = [pool.submit(_use, port, over) for _ in range(CLIENTS)]
        try:
            seen.rotations = _rotate(settings, scale)
        finally:
            over.set()
        for used in clients:
            seen.take_in(used.result())
        seen.looks += watching.result()
    return seen


def unlisted(seen: Seen) -> tuple[Sequence[str], Sequence[str]]:
    """Return the keys that were not listed from before their first token until the end."""
    early = [
        kid
        for kid, use in seen.uses.items()
        if not any(look.ended <= use.first and kid in look.kids for look in seen.looks)
    ]
    gone = [
        kid
        for kid, use in seen.uses.items()
        if any(
            use.first <= look.began and look.ended <= use.last and kid not in look.kids
            for look in seen.looks
        )
    ]
    return early, gone


def margin(seen: Seen) -> float:
    """Return the shortest time, in seconds, from the listing of a key to its first token."""
    first_seen: dict[str, float] = {}
    for look in seen.looks:
        for kid in look.kids:
            first_seen.setdefault(kid, look.ended)
    waits = [use.first - first_seen.get(kid, math.inf) for kid, use in seen.uses.items()]
    return min(waits, default=0.0)


def _rotate(settings: Settings, scale: Scale) -> int:
    until, rotations = time.monotonic() + scale.rotating, 0
    with opened_keys(settings) as store:
        manager = key_manager(settings, store)
        while time.monotonic() < until:
            manager.rotate()
            rotations += 1
            time.sleep(scale.between)
    return rotations


def _watch(port: int, over: threading.Event) -> list[Look]:
    client, looks = Client(port), []
    while not over.wait(_LOOKS):
        looks.append(_look(client))
    client.close()
    return looks


def _look(client: Client) -> Look:
    began = time.time()
    _, document = client.ask("GET", "/.well-known/jwks.json")
    return Look(began, time.time(), frozenset(key["kid"] for key in document["keys"]))


def _use(port: int, over: threading.Event) -> Seen:
    client, seen = Client(port), Seen()
    while not over.is_set():
        pair = _paired(client, seen, "/login", None)
        for _ in range(_ROUNDS):
            if pair is None or over.is_set():
                break
            for _ in range(3):
                seen.note(client.ask("GET", "/me", pair["access_token"])[0])
            pair = _paired(client, seen, "/refresh", pair["refresh_token"])
    client.close()
    return seen


def _paired(client: Client, seen: Seen, path: str, token: str | None) -> dict[str, str] | None:
    status, pair = client.ask("POST", path, token, USER if token is None else None)
    while status == HTTPStatus.TOO_MANY_REQUESTS:
        # All clients use one account, whose share of the hashing is limited: they wait for
        # Retry-After.
        time.sleep(1.0)
        status, pair = client.ask("POST", path, token, USER if token is None else None)
    if status != 200:
        seen.note(status)
        return None
    seen.note(status, [pair["access_token"], pair["refresh_token"]])
    found: dict[str, str] = pair
    return found


def _kid_and_end(token: str) -> tuple[str, float]:
    header, claims = (json.loads(_decoded(part)) for part in token.split(".")[:2])
    return header["kid"], float(claims["exp"])


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
