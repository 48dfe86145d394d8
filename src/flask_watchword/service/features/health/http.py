"""GET /healthz and /readyz: whether this process lives, and whether it can serve."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Literal

import msgspec
from flask import Response

from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.service.access import PUBLIC
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.responses import json_response

Standing = Literal["up", "down"]


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
    stores: dict[str, Standing]


class Unready(msgspec.Struct):
    """A store does not answer.

    Attributes:
        msg: a sentence for people, which may change.
        code: ``store_unavailable``.
        stores: the state of each store.
    """

    msg: str
    code: str
    stores: dict[str, Standing]


@endpoint(
    "GET",
    "/healthz",
    summary="Health check: whether this process is running",
    access=PUBLIC,
    responses={200: Health},
    needs_stores=False,
)
def healthz(_context: ServiceContext) -> Response:
    """Answer without touching a thing: nobody should restart this for a store that is down."""
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
    """Answer once every store has answered or is known not to; 503 where one does not."""
    stores = context.stores
    # Each by a question like any other.
    standing = _ask(
        {
            "database": stores.users.ping,
            "sessions": lambda: stores.sessions.get(""),
            "throttle": lambda: stores.throttle.remembers("", 0),
        }
    )
    down = [name for name, state in standing.items() if state == "down"]
    if not down:
        return json_response(Readiness("ready", standing))
    msg = f"No answer from: {', '.join(down)}"
    unready = json_response(
        Unready(msg, "store_unavailable", standing), HTTPStatus.SERVICE_UNAVAILABLE
    )
    # RFC 9110 section 10.2.3.
    unready.headers["Retry-After"] = str(StoreUnavailable.retry_after)
    return unready


def _ask(questions: Mapping[str, Callable[[], object]]) -> dict[str, Standing]:
    # All at once, so that two stores that are frozen take no longer than one.
    with ThreadPoolExecutor(len(questions)) as asking:
        return dict(zip(questions, asking.map(_standing, questions.values()), strict=True))


def _standing(question: Callable[[], object]) -> Standing:
    try:
        question()
    except StoreUnavailable:
        return "down"
    return "up"
