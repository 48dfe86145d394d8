"""GET /admin/audit: the audit log, newest entries first."""

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
    """The search for audit entries.

    Attributes:
        subject: only entries about the user with this id.
        event: only this event.
        before: only entries with a smaller number: the ``next`` of the previous page.
        limit: maximum number of results.
    """

    subject: _Text | None = None
    event: _Text | None = None
    before: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100


class AuditEntryResponse(msgspec.Struct):
    """An entry of the audit log.

    Attributes:
        seq: its number, from 1, without gaps.
        at: when it happened.
        event: the name of the event.
        subject: the id of the user it is about.
        session: the id of the session of the request.
        address: the IP address of the request.
        agent: its User-Agent header.
        detail: further data; ``actor`` is the admin or command that did it.
        hash: a hash of this entry and of the previous hash.
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
        """Return the response for an entry."""
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
    """A page of the audit log, newest first.

    Attributes:
        entries: the entries.
        next: the ``before`` of the next page; null on the last page.
    """

    entries: list[AuditEntryResponse]
    next: int | None


@endpoint(
    "GET",
    "/admin/audit",
    summary="List the audit log, newest first, in pages",
    access=ADMIN,
    query=AuditQuery,
    responses={200: Entries},
)
def list_audit_entries(context: ServiceContext, query: AuditQuery) -> Response:
    """Respond with a page of the audit log."""
    log = context.repositories.audit_log
    # One more than the page holds shows whether there is a next page.
    found = log.newest(
        query.limit + 1, subject=query.subject, event=query.event, before=query.before
    )
    shown, more = found[: query.limit], len(found) > query.limit
    return json_response(
        Entries([AuditEntryResponse.of(one) for one in shown], shown[-1].seq if more else None)
    )
