"""GET /admin/figures: numbers of users, keys and entries, and the state of revocations."""

from collections import Counter

import msgspec
from flask import Response

from flask_watchword.clock import system_clock
from flask_watchword.keys.ring import keys_by_state
from flask_watchword.service.access import ADMIN
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.responses import json_response


class RevocationFigures(msgspec.Struct):
    """The responding worker's copy of the revocations.

    Attributes:
        staleness: seconds since the copy was last known to be complete.
        entries: number of revocations in it.
        follows: whether its background thread is running.
    """

    staleness: float | None
    entries: int
    follows: bool


class FiguresResponse(msgspec.Struct):
    """Numbers of users, keys and audit entries.

    Attributes:
        users: number of users.
        disabled_users: number of disabled users.
        audit_entries: number of entries in the audit log.
        keys: number of keys in each state.
        revocations: this worker's copy of the revocations.
    """

    users: int
    disabled_users: int
    audit_entries: int
    keys: dict[str, int]
    revocations: RevocationFigures


@endpoint(
    "GET",
    "/admin/figures",
    summary="Return the numbers of users, keys and audit entries",
    access=ADMIN,
    responses={200: FiguresResponse},
)
def figures(context: ServiceContext) -> Response:
    """Respond with the current figures."""
    users = context.stores.users.count()
    head = context.repositories.audit_log.head()
    known = context.sessions.metrics()
    return json_response(
        FiguresResponse(
            users=users.all,
            disabled_users=users.disabled,
            audit_entries=0 if head is None else head.seq,
            keys=_keys_by_state(context),
            revocations=RevocationFigures(known.staleness, known.entries, known.follows),
        )
    )


def _keys_by_state(context: ServiceContext) -> dict[str, int]:
    return Counter(state for _, state in keys_by_state(context.stores.keys.load(), system_clock()))
