"""Log formats."""

import json
import logging
import re
import sys

import pytest

from flask_watchword.service.finished_requests import FinishedRequest
from flask_watchword.service.logs.access_log import AccessLog
from flask_watchword.service.logs.formats import JsonFormat, LineFormat, TextFormat
from flask_watchword.service.logs.handler import LineHandler


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("flask_watchword.x", logging.WARNING, "", 1, message, args, None)
    made.__dict__.update(extra)
    return made


def raised() -> logging.LogRecord:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        return record("a fault", exc_info=sys.exc_info())


def test_text_line_has_time_level_and_message() -> None:
    line = TextFormat().format(record("the store is %s", "down"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z WARNING the store is down", line)


@pytest.mark.parametrize("made", [record("one\n2026-01-01T00:00:00.000Z ERROR two"), raised()])
def test_continuation_lines_cannot_be_mistaken_for_records(
    made: logging.LogRecord,
) -> None:
    first, *more = TextFormat().format(made).split("\n")
    assert " WARNING " in first
    assert more
    assert all(line.startswith("    ") for line in more)


def test_text_line_contains_no_terminal_control_characters() -> None:
    line = TextFormat().format(record("%s", "\x1b[2J\x9b1m\a\r\u202edlrow\u2028x"))
    assert line.isprintable()


def test_json_record_is_one_object_on_one_line() -> None:
    for made in (record("one\ntwo \x1b \u2028 'three'"), raised()):
        line = JsonFormat().format(made)
        assert len(line.splitlines()) == 1 or "\u2028" in line
        shown = json.loads(line)
        assert "\n" not in line
        assert shown["level"] == "warning"
        assert shown["logger"] == "flask_watchword.x"
    assert shown["exception"].endswith("ValueError: two\nlines")


def test_request_fields_are_separate_members() -> None:
    line = JsonFormat().format(record("method=GET", fields={"method": "GET", "status": 200}))
    shown = json.loads(line)
    assert (shown["method"], shown["status"]) == ("GET", 200)
    assert "message" not in shown


@pytest.mark.parametrize("format_", [TextFormat(), JsonFormat()])
@pytest.mark.parametrize(
    "request_",
    [
        FinishedRequest("me", "GET", "/me", 200, 0.02514, 1.5, "192.0.2.1", "a1", "ada", "s1"),
        FinishedRequest(None, "-", "-", 404, 0.0, 0.0625, "-", "b2"),
    ],
    ids=["accepted", "unknown"],
)
def test_line_written_in_a_batch_is_that_of_a_log_record(
    format_: LineFormat, request_: FinishedRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = logging.Logger("flask_watchword.requests")
    monkeypatch.setattr("flask_watchword.service.logs.access_log._logger", logger)
    records: list[logging.LogRecord] = []
    monkeypatch.setattr(logger, "handle", records.append)
    monkeypatch.setattr(logging.time, "time", lambda: request_.finished_at)  # type: ignore[attr-defined]
    AccessLog().log(request_)
    assert format_.format(records[0]) == format_.request_line(request_)


def test_batches_are_written_by_the_handler_of_the_service_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = logging.Logger("flask_watchword.requests")
    monkeypatch.setattr("flask_watchword.service.logs.access_log._logger", logger)
    assert not AccessLog().is_queued
    handler = LineHandler()
    handler.setFormatter(TextFormat())
    logger.addHandler(handler)
    log = AccessLog()
    assert log.is_queued
    log.write([FinishedRequest("me", "GET", "/me", 200, 0.02, 1.5, "192.0.2.1", "a1")] * 2, 7)
    lost, *lines = capsys.readouterr().err.splitlines()
    assert "7 lines of the access log are lost" in lost
    assert lines == ["1970-01-01T00:00:01.500Z INFO GET /me 200 20.0 ms 192.0.2.1 request=a1"] * 2
    logger.addHandler(logging.NullHandler())
    assert not AccessLog().is_queued
