"""Log formats: text for people, or one JSON object per line for programs."""

import logging
import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from flask_watchword.service.middleware.request_id import request_id

# Characters, other than line breaks, that move a terminal's cursor, ring a bell or change colours.
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class TextFormat(logging.Formatter):
    """Time, level and message; further lines are indented, so that none looks like a new record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as text."""
        text = record.getMessage()
        current_id = request_id()
        first, *more = text.split("\n")
        if current_id is not None:
            first = f"{first} request={current_id}"
        more += _traceback(self, record).split("\n") if record.exc_info else []
        lines = [f"{_time(record)} {record.levelname} {first}", *(f"    {line}" for line in more)]
        return "\n".join(_CONTROL.sub(_escaped, line) for line in lines)


class JsonFormat(logging.Formatter):
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
        current_id = request_id()
        if current_id is not None:
            members["request_id"] = current_id
        if record.exc_info:
            members["exception"] = _traceback(self, record)
        return msgspec.json.encode(members).decode()


def _time(record: logging.LogRecord) -> str:
    # RFC 3339 in UTC, independent of the machine's time zone.
    created = datetime.fromtimestamp(record.created, UTC)
    return f"{created:%Y-%m-%dT%H:%M:%S}.{int(record.msecs):03d}Z"


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return formatter.formatException(record.exc_info)  # type: ignore[arg-type]


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"
