"""GET /healthz and /readyz: health and readiness checks."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Literal

import msgspec
from flask import Response

from flask_watchword.extension.sessions.session_context import revocation_feed, running_app
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.service.access import PUBLIC
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.responses import json_response

StoreState = Literal["up", "down"]


class Health(msgspec.Struct):
    """The process is running."""

    status: str


class Readiness(msgspec.Struct):
    """Every store answers.

    Attributes:
        status: ``ready``.
        stores: the state of each store.
    """

    status: str
    stores: dict[str, StoreState]


class Unready(msgspec.Struct):
    """A store does not answer.

    Attributes:
        msg: a sentence for people, which may change.
        code: ``store_unavailable``.
        stores: the state of each store.
    """

    msg: str
    code: str
    stores: dict[str, StoreState]


@endpoint(
    "GET",
    "/healthz",
    summary="Health check: whether this process is running",
    access=PUBLIC,
    responses={200: Health},
    needs_stores=False,
    is_immediate=True,
)
def healthz(_context: ServiceContext) -> Response:
    """Respond without using a store: a store that is down is no reason to restart the process."""
    return json_response(Health("ok"))


@endpoint(
    "GET",
    "/readyz",
    summary="Readiness check: whether every store answers",
    access=PUBLIC,
    responses={200: Readiness, 503: Unready},
    needs_stores=False,
)
def readyz(context: ServiceContext) -> Response:
    """Respond 200 if every store answers and the revocations are loaded, and 503 otherwise."""
    stores, revocations = context.stores, revocation_feed(running_app())

    def check_sessions() -> None:
        # In a process that has just started, reading the log takes a moment.
        revocations.ensure_epoch()
        stores.sessions.get("")

    # Each check is an ordinary query.
    states = _check(
        {
            "database": stores.users.ping,
            "sessions": check_sessions,
            "throttle": lambda: stores.rate_limits.remembers("", 0),
        }
    )
    down = [name for name, state in states.items() if state == "down"]
    if not down:
        return json_response(Readiness("ready", states))
    msg = f"No answer from: {', '.join(down)}"
    unready = json_response(
        Unready(msg, "store_unavailable", states), HTTPStatus.SERVICE_UNAVAILABLE
    )
    # RFC 9110 section 10.2.3.
    unready.headers["Retry-After"] = str(StoreUnavailable.retry_after)
    return unready


def _check(queries: Mapping[str, Callable[[], object]]) -> dict[str, StoreState]:
    # In parallel, so that two unresponsive stores take no longer than one.
    with ThreadPoolExecutor(len(queries)) as threads:
        return dict(zip(queries, threads.map(_state, queries.values()), strict=True))


def _state(query: Callable[[], object]) -> StoreState:
    try:
        query()
    except StoreUnavailable:
        return "down"
    return "up"
