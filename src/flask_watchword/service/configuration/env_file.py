"""Read settings from a ``.env`` file."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from flask_watchword.service.configuration.values import InvalidSetting


def read_env_file(file: Path, prefix: str, secrets: Iterable[str]) -> dict[str, str]:
    """Return the variables with a prefix from a file; none if it does not exist.

    Values are literal: ``${NAME}`` is not expanded.

    Args:
        file: lines of ``NAME=value``, UTF-8.
        prefix: of the names to return; the others belong to other programs.
        secrets: names whose values other users must not be able to read.

    Raises:
        InvalidSetting: if the file cannot be read, a line cannot be parsed, or other users can
            write to the file or read a secret in it. The message contains no value.
    """
    try:
        # A folder with this name is usually a virtual environment.
        if not file.exists() or file.is_dir():
            return {}
        with file.open(encoding="utf-8") as stream:
            status = os.fstat(stream.fileno())
            found = _variables(file, parse_stream(stream), prefix)
    except UnicodeDecodeError as error:
        raise InvalidSetting(str(file), "is not UTF-8 text") from error
    except OSError as error:
        raise InvalidSetting(str(file), f"cannot be read: {error.strerror}") from error
    if found and os.name == "posix":
        _check_owner(file, {status.st_uid, file.lstat().st_uid})
        _check_mode(file, status.st_mode, sorted(name for name in secrets if found.get(name)))
    return found


def _variables(file: Path, lines: Iterable[Binding], prefix: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        if line.error:
            raise InvalidSetting(_location(file, line), "cannot be parsed; write NAME=value")
        if line.key is None or not line.key.startswith(prefix):
            continue
        if line.value is None:
            raise InvalidSetting(_location(file, line), f"write {line.key}=value")
        if line.key in found:
            raise InvalidSetting(_location(file, line), f"{line.key} is set twice")
        found[line.key] = line.value
    return found


def _location(file: Path, line: Binding) -> str:
    # The parser counts preceding empty lines as part of a line.
    text = line.original.string
    number = line.original.line + text[: len(text) - len(text.lstrip())].count("\n")
    return f"{file}, line {number}"


def _check_owner(file: Path, owners: set[int]) -> None:
    # The author of the file chooses the database and the keys. In a folder such as /tmp any user
    # can create the file, or a link to one.
    if not owners <= {0, os.geteuid()}:
        raise InvalidSetting(str(file), "belongs to another user, who could change every setting")


def _check_mode(file: Path, mode: int, secrets: list[str]) -> None:
    if mode & stat.S_IWOTH:
        raise InvalidSetting(str(file), f"other users can write to it; run: chmod o-w {file}")
    if mode & stat.S_IROTH and secrets:
        raise InvalidSetting(
            str(file), f"other users can read {secrets[0]} in it; run: chmod o-rwx {file}"
        )
