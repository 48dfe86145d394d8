"""Records of users out of a file, CSV or JSON lines, each with the line where it begins."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from flask_watchword.cli.failures import Code, Failure
from flask_watchword.service.features.user_import.flow import BadRecord, Record

#: The most characters of one record.
_LONGEST = 64 * 1024

_COLUMNS = [name for name in Record.__struct_fields__ if name not in ("line", "reason")]
_OTHER_NUMBER = (
    "has another number of fields than the first line; what has a comma in it needs quotes"
)
#: What a line that is no JSON is kept as with those that were refused. It may be mended there.
_TEXT = "text"
_LISTS, _FLAGS = ("roles", "scopes"), ("email_verified", "disabled")
_YES_OR_NO = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class Row:
    """A record as it stands in the file.

    Attributes:
        line: where it begins, from 1 on.
        members: what it says, as far as that can be told.
        record: what that means; ``None`` where it means nothing.
        reason: why it means nothing.
    """

    line: int
    members: dict[str, Any]
    record: Record | None
    reason: str = ""


def rows_of(path: Path, file: BinaryIO) -> Iterator[Row]:
    """Yield the records of a file; only one is held at a time.

    Args:
        path: whose ending says what the file is.
        file: the file, open at its beginning.

    Raises:
        Failure: when the file is neither kind, or its columns cannot be used.
    """
    readers = {".csv": _rows_of_csv, ".jsonl": _rows_of_json}
    if path.suffix.lower() not in readers:
        raise Failure(Code.INVALID_FILE, f"{path.name} ends neither in .csv nor in .jsonl")
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
            yield Row(line, {}, None, f"is no CSV: {error}")
            continue
        if cells is None:
            return
        if cells:
            yield _row(line, dict(zip(columns, cells, strict=False)), len(cells) == len(columns))


def _header(reader: Iterator[Sequence[str]]) -> list[str]:
    try:
        columns = [cell.strip() for cell in next(reader, [])]
    except csv.Error as error:
        raise Failure(Code.INVALID_FILE, f"the first line is no CSV: {error}") from error
    odd = sorted({name for name in columns if name not in _COLUMNS})
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if odd or twice or "email" not in columns or not {"password", "password_hash"} & {*columns}:
        wrong = [f"unknown: {', '.join(map(repr, odd))}"] if odd else []
        wrong += [f"twice: {', '.join(twice)}"] if twice else []
        raise Failure(
            Code.INVALID_FILE,
            "the first line has to name the columns, email and password_hash or password among "
            f"them, of: {', '.join(_COLUMNS)}" + "".join(f"; {one}" for one in wrong),
        )
    return columns


def _row(line: int, cells: dict[str, str], is_whole: bool) -> Row:
    members: dict[str, Any] = {}
    reason = "" if is_whole else _OTHER_NUMBER
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
        return Row(line, members, None, _told(error))


def _value(name: str, cell: str) -> Any:
    if name in _LISTS:
        return cell.split()
    if name in _FLAGS:
        answer = _YES_OR_NO.get(cell.strip().lower())
        if answer is None:
            raise BadRecord(f"{name}: true or false is wanted")
        return answer
    if name == "created_at" and cell.replace(".", "", 1).isdecimal():
        return float(cell)
    return cell


def _rows_of_json(text: TextIOWrapper) -> Iterator[Row]:
    decoder = msgspec.json.Decoder(Record)
    number = 0
    while line := text.readline(_LONGEST):
        number += 1
        if not line.endswith("\n") and len(line) == _LONGEST:
            while (rest := text.readline(_LONGEST)) and not rest.endswith("\n"):
                pass
            yield Row(number, {}, None, f"has more than {_LONGEST} characters")
            continue
        if line.strip():
            yield _json_row(number, line, decoder)


def _json_row(number: int, line: str, decoder: "msgspec.json.Decoder[Record]") -> Row:
    try:
        members = msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        return Row(number, {_TEXT: line.rstrip("\r\n")}, None, f"is no JSON object: {error}")
    text = members.get(_TEXT)
    if isinstance(text, str) and "email" not in members:
        return _json_row(number, text, decoder)
    try:
        return Row(number, members, decoder.decode(line))
    except (msgspec.ValidationError, RecursionError) as error:
        return Row(number, members, None, _told(error))


def _told(error: Exception) -> str:
    # msgspec says what was expected and where, and never what stands there.
    told, _, where = str(error).partition(" - at `$.")
    return f"{where.rstrip('`')}: {told}" if where else told
