"""GET /admin/audit: what happened, the newest first."""

from typing import Annotated, Self

import msgspec
from flask import Response

from flask_watchword.accounts.audit import Entry
from flask_watchword.service.access import ADMIN
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.responses import Timestamp, json_response, timestamp

_Text = Annotated[str, msgspec.Meta(max_length=255)]


class AuditQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which entries.

    Attributes:
        subject: those about one account, by its id.
        event: those of one name.
        before: those with a smaller number: the ``next`` of the page before.
        limit: how many at most.
    """

    subject: _Text | None = None
    event: _Text | None = None
    before: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100


class ShownEntry(msgspec.Struct):
    """An entry of the log.

    Attributes:
        seq: its number, from 1 on without a gap.
        at: when it happened.
        event: what happened.
        subject: whose account it is about.
        session: of which session the request was.
        address: where the request came from.
        agent: its User-Agent header.
        detail: what else is worth knowing, ``actor`` among it where somebody else did it.
        hash: over this entry and the hash of the one before.
    """

    seq: int
    at: Timestamp
    event: str
    subject: str
    session: str
    address: str
    agent: str
    detail: dict[str, str | int | float | bool | None]
    hash: str

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Return an entry as it is shown."""
        event = entry.event
        return cls(
            seq=entry.seq,
            at=timestamp(event.at),
            event=event.event,
            subject=event.subject,
            session=event.session,
            address=event.address,
            agent=event.agent,
            detail=dict(event.detail),
            hash=entry.hash,
        )


class Entries(msgspec.Struct):
    """A page of the log, the newest first.

    Attributes:
        entries: the entries.
        next: what to ask for as ``before``; null on the last page.
    """

    entries: list[ShownEntry]
    next: int | None


@endpoint(
    "GET",
    "/admin/audit",
    summary="Show what happened, the newest first, page by page",
    guard=ADMIN,
    query=AuditQuery,
    answers={200: Entries},
)
def list_audit_entries(context: ServiceContext, query: AuditQuery) -> Response:
    """Answer with a page of the audit log."""
    log = context.repositories.audit_log
    # One more than is shown tells whether there is a next page.
    found = log.newest(
        query.limit + 1, subject=query.subject, event=query.event, before=query.before
    )
    shown, more = found[: query.limit], len(found) > query.limit
    return json_response(
        Entries([ShownEntry.of(one) for one in shown], shown[-1].seq if more else None)
    )
