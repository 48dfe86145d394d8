"""How a record is written: as text for people, or as one JSON object in a line for programs."""

import logging
import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from flask_watchword.service.middleware.request_id import request_id

# All that is no line break and may move a cursor, ring a bell or change a colour.
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class TextFormat(logging.Formatter):
    """Time, level and message; further lines of a record are indented, so that none looks new."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as text."""
        text = record.getMessage()
        name = request_id()
        first, *more = text.split("\n")
        if name is not None:
            first = f"{first} request={name}"
        more += _trace(self, record).split("\n") if record.exc_info else []
        lines = [f"{_time(record)} {record.levelname} {first}", *(f"    {line}" for line in more)]
        return "\n".join(_CONTROL.sub(_escaped, line) for line in lines)


class JsonFormat(logging.Formatter):
    """One JSON object (RFC 8259), whatever the record has in it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as JSON without a line break."""
        shown: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        fields = getattr(record, "fields", None)
        shown |= fields if isinstance(fields, dict) else {"message": record.getMessage()}
        name = request_id()
        if name is not None:
            shown["request_id"] = name
        if record.exc_info:
            shown["exception"] = _trace(self, record)
        return msgspec.json.encode(shown).decode()


def _time(record: logging.LogRecord) -> str:
    # RFC 3339 in UTC, whatever zone the machine is in.
    moment = datetime.fromtimestamp(record.created, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{int(record.msecs):03d}Z"


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return formatter.formatException(record.exc_info)  # type: ignore[arg-type]


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"
