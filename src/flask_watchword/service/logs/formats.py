"""Log formats: text for people, or one JSON object per line for programs."""

import logging
import re
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from flask_watchword.service.finished_requests import FinishedRequest
from flask_watchword.service.middleware.request_id import request_id

#: The logger of requests.
_REQUESTS = "flask_watchword.requests"

# Characters, other than line breaks, that move a terminal's cursor, ring a bell or change colours.
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def request_message(request: FinishedRequest) -> str:
    """Return the message of a request in the text format."""
    milliseconds = f"{1_000 * request.seconds:.1f} ms"
    return f"{request.method} {request.path} {request.status} {milliseconds} {request.address}"


def request_fields(request: FinishedRequest) -> dict[str, str | int | float]:
    """Return the fields of a request in the JSON format."""
    fields: dict[str, str | int | float] = {
        "method": request.method,
        "path": request.path,
        "status": request.status,
        "milliseconds": round(1_000 * request.seconds, 1),
        "address": request.address,
    }
    if request.user is not None:
        fields["user"] = request.user
    if request.session is not None:
        fields["session"] = request.session
    return fields


class LineFormat(logging.Formatter, ABC):
    """A format that can write the line of a request without a log record."""

    @abstractmethod
    def request_line(self, request: FinishedRequest) -> str:
        """Return the line that the log record of a request would have."""


class TextFormat(LineFormat):
    """Time, level and message; further lines are indented, so that none looks like a new record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as text."""
        text = record.getMessage()
        current_id = _request_id(record)
        first, *more = text.split("\n")
        if current_id is not None:
            first = f"{first} request={current_id}"
        more += _traceback(self, record).split("\n") if record.exc_info else []
        lines = [f"{_time(record)} {record.levelname} {first}", *(f"    {line}" for line in more)]
        return "\n".join(_CONTROL.sub(_escaped, line) for line in lines)

    def request_line(self, request: FinishedRequest) -> str:
        """Return the line of a request."""
        # Nothing in it is text of the client, so nothing has to be escaped.
        message, id_ = request_message(request), request.request_id
        return f"{_time_at(request.finished_at)} INFO {message} request={id_}"


class JsonFormat(LineFormat):
    """One JSON object (RFC 8259) per record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as JSON without a line break."""
        members: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        fields = getattr(record, "fields", None)
        members |= fields if isinstance(fields, dict) else {"message": record.getMessage()}
        current_id = _request_id(record)
        if current_id is not None:
            members["request_id"] = current_id
        if record.exc_info:
            members["exception"] = _traceback(self, record)
        return msgspec.json.encode(members).decode()

    def request_line(self, request: FinishedRequest) -> str:
        """Return the line of a request."""
        members = {
            "time": _time_at(request.finished_at),
            "level": "info",
            "logger": _REQUESTS,
            **request_fields(request),
            "request_id": request.request_id,
        }
        return msgspec.json.encode(members).decode()


def _request_id(record: logging.LogRecord) -> str | None:
    # A finished request has its id in the record.
    found: str | None = getattr(record, "request_id", None)
    return request_id() if found is None else found


def _time(record: logging.LogRecord) -> str:
    return f"{_second(int(record.created))}.{int(record.msecs):03d}Z"


def _time_at(seconds: float) -> str:
    return f"{_second(int(seconds))}.{int(seconds % 1 * 1_000):03d}Z"


@lru_cache(2)
def _second(seconds: int) -> str:
    # RFC 3339 in UTC, independent of the machine's time zone.
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return formatter.formatException(record.exc_info)  # type: ignore[arg-type]


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"
