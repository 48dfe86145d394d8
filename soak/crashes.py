"""Processes killed between the commit of a refresh and its response."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from typing import Any

from flask import Response

from flask_watchword.extension.sessions.session_context import SESSIONS_KEY
from soak.findings import Finding, Scale, summary
from soak.places import Place
from soak.site import Site, ask, generation_of, sign_in
from soak.workers import Worker, working


def trial(place: Place, scale: Scale) -> Iterator[Finding]:
    """Kill a process for each session, right after the commit or right before the response."""
    died = 0
    outcomes = Counter[str]()
    with working(1, place.url) as (survivor,):
        for number in range(scale.crashes):
            signed_in = survivor.do(sign_in)
            died += _dies_refreshing(place, signed_in.spare, at_commit=number % 2 == 0)
            retried = survivor.do(ask, "/refresh", signed_in.spare)
            if retried.status != 200:
                outcomes[f"retry {retried.verdict}"] += 1
                continue
            next_one = survivor.do(ask, "/refresh", retried.spare)
            head = generation_of(next_one.spare) if next_one.status == 200 else next_one.verdict
            outcomes[f"kept as generation {generation_of(retried.spare)}, then {head}"] += 1
    yield Finding(
        "SIGKILL between commit and response, then a retry",
        place.name,
        f"{died:,} processes killed; sessions: {summary(outcomes)}",
        died == scale.crashes and outcomes == {"kept as generation 2, then 3": scale.crashes},
    )


def _dies_refreshing(place: Place, token: str, *, at_commit: bool) -> bool:
    worker = Worker(place.url)
    try:
        worker.do(_refresh_and_die, token, at_commit)
    except (EOFError, ConnectionResetError):
        return True
    finally:
        worker.kill()
    return False


def _refresh_and_die(site: Site, token: str, at_commit: bool) -> None:
    if at_commit:
        _die_after_rotating(site.app.extensions[SESSIONS_KEY])
    else:
        site.app.after_request(_die_before_answering)
    site.ask("/refresh", token)


def _die_after_rotating(store: Any) -> None:
    rotate = store.rotate

    def rotate_and_die(*arguments: Any) -> None:
        if rotate(*arguments) is not None:
            os.kill(os.getpid(), signal.SIGKILL)

    store.rotate = rotate_and_die


def _die_before_answering(response: Response) -> Response:
    if response.status_code == 200:
        os.kill(os.getpid(), signal.SIGKILL)
    return response
