"""Read user records from a CSV or JSON Lines file, each with its line number."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from flask_watchword.cli.failures import Code, Failure
from flask_watchword.service.features.user_import.flow import BadRecord, Record

#: Maximum length of one record, in characters.
_MAX_CHARACTERS = 64 * 1024

_COLUMNS = [name for name in Record.__struct_fields__ if name not in ("line", "reason")]
_WRONG_FIELD_COUNT = (
    "the number of fields differs from the first line; quote values that contain a comma"
)
#: The member of the rejects file that holds a line which is not JSON. It can be corrected there.
_TEXT = "text"
_LISTS, _FLAGS = ("roles", "scopes"), ("email_verified", "disabled")
_YES_OR_NO = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class Row:
    """A record as read from the file.

    Attributes:
        line: the line it begins on, counted from 1.
        members: its members, as far as they could be read.
        record: the validated record; ``None`` if it is invalid.
        reason: why it is invalid.
    """

    line: int
    members: dict[str, Any]
    record: Record | None
    reason: str = ""


def rows_of(path: Path, file: BinaryIO) -> Iterator[Row]:
    """Yield the records of a file; only one is in memory at a time.

    Args:
        path: its suffix selects the format.
        file: the file, open at its beginning.

    Raises:
        Failure: if the suffix is unknown, or the columns are invalid.
    """
    readers = {".csv": _rows_of_csv, ".jsonl": _rows_of_json}
    if path.suffix.lower() not in readers:
        raise Failure(Code.INVALID_FILE, f"{path.name} is neither a .csv nor a .jsonl file")
    text = TextIOWrapper(file, encoding="utf-8-sig", errors="strict", newline="")
    try:
        yield from readers[path.suffix.lower()](text)
    except UnicodeDecodeError as error:
        raise Failure(Code.INVALID_FILE, f"{path.name} is not UTF-8 text") from error
    finally:
        text.detach()


def _rows_of_csv(text: TextIOWrapper) -> Iterator[Row]:
    reader = csv.reader(text, strict=True)
    columns = _header(reader)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield Row(line, {}, None, f"invalid CSV: {error}")
            continue
        if cells is None:
            return
        if cells:
            yield _row(line, dict(zip(columns, cells, strict=False)), len(cells) == len(columns))


def _header(reader: Iterator[Sequence[str]]) -> list[str]:
    try:
        columns = [cell.strip() for cell in next(reader, [])]
    except csv.Error as error:
        raise Failure(Code.INVALID_FILE, f"the first line is not CSV: {error}") from error
    unknown = sorted({name for name in columns if name not in _COLUMNS})
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    required = "email" in columns and {"password", "password_hash"} & {*columns}
    if unknown or repeated or not required:
        problems = [f"unknown: {', '.join(map(repr, unknown))}"] if unknown else []
        problems += [f"repeated: {', '.join(repeated)}"] if repeated else []
        raise Failure(
            Code.INVALID_FILE,
            "the first line must name the columns: email, password_hash or password, and "
            f"optionally others of {', '.join(_COLUMNS)}"
            + "".join(f"; {problem}" for problem in problems),
        )
    return columns


def _row(line: int, cells: dict[str, str], is_whole: bool) -> Row:
    members: dict[str, Any] = {}
    reason = "" if is_whole else _WRONG_FIELD_COUNT
    for name, cell in cells.items():
        if cell != "":
            try:
                members[name] = _value(name, cell)
            except BadRecord as error:
                members[name], reason = cell, reason or str(error)
    if reason:
        return Row(line, members, None, reason)
    try:
        return Row(line, members, msgspec.convert(members, Record))
    except msgspec.ValidationError as error:
        return Row(line, members, None, _reason(error))


def _value(name: str, cell: str) -> Any:
    if name in _LISTS:
        return cell.split()
    if name in _FLAGS:
        flag = _YES_OR_NO.get(cell.strip().lower())
        if flag is None:
            raise BadRecord(f"{name}: must be true or false")
        return flag
    if name == "created_at" and cell.replace(".", "", 1).isdecimal():
        return float(cell)
    return cell


def _rows_of_json(text: TextIOWrapper) -> Iterator[Row]:
    decoder = msgspec.json.Decoder(Record)
    number = 0
    while line := text.readline(_MAX_CHARACTERS):
        number += 1
        if not line.endswith("\n") and len(line) == _MAX_CHARACTERS:
            while (rest := text.readline(_MAX_CHARACTERS)) and not rest.endswith("\n"):
                pass
            yield Row(number, {}, None, f"longer than {_MAX_CHARACTERS} characters")
            continue
        if line.strip():
            yield _json_row(number, line, decoder)


def _json_row(number: int, line: str, decoder: "msgspec.json.Decoder[Record]") -> Row:
    try:
        members = msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        return Row(number, {_TEXT: line.rstrip("\r\n")}, None, f"not a JSON object: {error}")
    text = members.get(_TEXT)
    if isinstance(text, str) and "email" not in members:
        return _json_row(number, text, decoder)
    try:
        return Row(number, members, decoder.decode(line))
    except (msgspec.ValidationError, RecursionError) as error:
        return Row(number, members, None, _reason(error))


def _reason(error: Exception) -> str:
    # msgspec names the expected type and the path, and never quotes the value.
    expected, _, path = str(error).partition(" - at `$.")
    return f"{path.rstrip('`')}: {expected}" if path else expected
