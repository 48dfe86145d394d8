"""Parsers for the values of settings: each returns a value or raises :class:`InvalidSetting`.

A parser takes the name of the variable, for the message, and its text.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import URL

from flask_watchword.accounts.rate_limit_syntax import limit_text, read_limit
from flask_watchword.accounts.rate_limits import Limit
from flask_watchword.infra.database_url import UnacceptableOption, read_database_url
from flask_watchword.keys.master_key import read_master_keys
from flask_watchword.service.web_origin import origin_of

#: Of a token that a program shows: 128 random bits in base64url.
MIN_TOKEN_CHARACTERS = 22

#: The command that makes a secret.
MAKE_SECRET = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"

_DATABASES = "sqlite:///watchword.db, postgresql://user@host/name"
_VALKEY = "valkey://host:6379/0"
_VALKEY_SCHEMES = ("valkey", "valkeys", "redis", "rediss")


#: The origin of a page inside an app.
_APP_SHELL = re.compile(r"([a-z][a-z0-9+.-]*)://[A-Za-z0-9._-]+(?::[1-9]\d{0,4})?")
#: Schemes that are not an app's own: those of web pages, and of pages that any file or script can
#: create.
_NO_APP_SHELLS = frozenset(
    {"about", "blob", "data", "file", "filesystem", "ftp", "http", "https", "javascript", "ws",
     "wss"}
)  # fmt: skip
#: RFC 9110 section 5.1.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class InvalidSetting(Exception):
    """A setting is invalid; the message is one line with the variable and the reason."""

    def __init__(self, variable: str, reason: str) -> None:
        super().__init__(f"{variable}: {reason}")


class UnknownSetting(InvalidSetting):
    """A name is not that of a setting; the message suggests another one."""

    def __init__(self, sentence: str) -> None:
        Exception.__init__(self, sentence)


def token(variable: str, text: str) -> str:
    """Return a token that is unguessable and can be sent in a header."""
    if len(text) < MIN_TOKEN_CHARACTERS or not _is_plain(text):
        raise InvalidSetting(
            variable,
            f"needs at least {MIN_TOKEN_CHARACTERS} printable ASCII characters without spaces; "
            f"make one with: {MAKE_SECRET}",
        )
    return text


def master_key(variable: str, text: str) -> str:
    """Return the text of one or several master keys."""
    try:
        read_master_keys(text)
    except ValueError as error:
        raise InvalidSetting(variable, str(error)) from error
    return text


def one_of(*choices: str) -> Callable[[str, str], str]:
    """Return a parser that accepts only the given words."""

    def parse(variable: str, text: str) -> str:
        if text not in choices:
            raise InvalidSetting(variable, f"{text!r} is not one of {', '.join(choices)}")
        return text

    return parse


def as_text(variable: str, value: object, *, several: bool = False) -> str:
    """Return a Python value as text, as in the environment: the inverse of the parsers below.

    Args:
        variable: the name of the variable.
        value: a string, a number, a ``bool``, a ``timedelta`` of whole seconds, a ``Path``, a rate
            limit, or a list of strings.
        several: whether the setting may be a list.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | Path():
            return str(value)
        case timedelta() if not value % timedelta(seconds=1):
            return str(value // timedelta(seconds=1))
        case Limit():
            return limit_text(value)
        case list() | tuple() | set() | frozenset() if several:
            return ",".join(as_text(variable, one) for one in value)
    kinds = "text, a number, a bool or whole seconds"
    raise InvalidSetting(variable, f"is a {type(value).__name__}, where {kinds} can stand")


def database(variable: str, text: str, wanted: str = _DATABASES) -> str:
    """Return the URL of a database: a SQLite file, by its absolute path, or PostgreSQL."""
    try:
        url = read_database_url(text)
    except UnacceptableOption as error:
        raise InvalidSetting(variable, str(error)) from None
    except ValueError:
        raise InvalidSetting(variable, f"is not a URL like {wanted}") from None
    if url.get_backend_name() == "sqlite":
        return _file(variable, url)
    return url.render_as_string(hide_password=False)


def _file(variable: str, url: URL) -> str:
    if not url.database or ":memory:" in url.database or url.query:
        raise InvalidSetting(
            variable,
            "name a file, as in sqlite:///watchword.db; the tests of an application may set "
            'app.config["WATCHWORD_DATABASE"] = "sqlite://"',
        )
    # Made absolute here, so that every worker uses the same file.
    path = str(Path(url.database).absolute())
    return url.set(drivername="sqlite", database=path).render_as_string()


def valkey(variable: str, text: str, wanted: str = _VALKEY) -> str:
    """Return the URL of a Valkey or Redis server."""
    if not _names_valkey(text):
        raise InvalidSetting(variable, f"is not a URL like {wanted}")
    try:
        urlsplit(text).port  # noqa: B018 - a property that raises
    except ValueError:
        # The original message quotes the invalid port, which may be a part of a password.
        raise InvalidSetting(variable, f"is not a URL like {wanted}") from None
    return text


def session_store(variable: str, text: str) -> str:
    """Return the URL of a session store."""
    parse = valkey if _names_valkey(text) else database
    return parse(variable, text, f"{_DATABASES} or {_VALKEY}")


def _names_valkey(text: str) -> bool:
    scheme, separator, _ = text.partition("://")
    return bool(separator) and scheme.partition("+")[0] in _VALKEY_SCHEMES


def whole_number(low: int, high: int) -> Callable[[str, str], int]:
    """Return a parser for integers within bounds."""

    def parse(variable: str, text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise InvalidSetting(variable, f"{text!r} is not a number from {low} to {high}")
        return number

    return parse


def rate_limit(variable: str, text: str) -> Limit:
    """Return a rate limit."""
    try:
        return read_limit(text)
    except ValueError as error:
        raise InvalidSetting(variable, str(error)) from None


def yes_or_no(variable: str, text: str) -> bool:
    """Return a boolean."""
    answers = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    answer = answers.get(text.strip().lower())
    if answer is None:
        raise InvalidSetting(variable, f"{text!r} is neither true nor false")
    return answer


def some_text(variable: str, text: str) -> str:
    """Return a string that is not empty."""
    if not text.strip():
        raise InvalidSetting(variable, "is empty")
    return text.strip()


def public_url(variable: str, text: str) -> str:
    """Return the URL of a page, without a trailing slash."""
    if not _names_page(text):
        raise InvalidSetting(variable, "is not a URL like https://login.example.com/account")
    return text.rstrip("/")


def origins(variable: str, text: str) -> tuple[str, ...]:
    """Return a comma-separated list of origins, each in the form that browsers send."""
    found = names(variable, text)
    for one in found:
        # Compared with the browser's header exactly; a pattern would accept too much.
        if "*" in one or not (_is_app_shell(one) or (_names_page(one) and origin_of(one) == one)):
            raise InvalidSetting(
                variable,
                f"{one!r} is not an origin like https://app.example.com or capacitor://localhost",
            )
    return found


def _is_app_shell(text: str) -> bool:
    # Origins sent by the WebView of an app or by a browser extension: `capacitor://localhost`,
    # `app://shop`, `chrome-extension://<id>`.
    found = _APP_SHELL.fullmatch(text)
    return found is not None and found[1] not in _NO_APP_SHELLS


def header_names(variable: str, text: str) -> tuple[str, ...]:
    """Return a comma-separated list of request header names."""
    found = names(variable, text)
    for one in found:
        # With credentials `*` is a literal name, not a wildcard (Fetch standard section 3.2.3).
        if not _HEADER_NAME.fullmatch(one) or one == "*":
            raise InvalidSetting(
                variable, f"{one!r} is not a header name; list each header by its name"
            )
    return found


def names(_variable: str, text: str) -> tuple[str, ...]:
    """Return names that are written with commas between them."""
    return tuple(one for part in text.split(",") if (one := part.strip()))


def _names_page(text: str) -> bool:
    try:
        url = urlsplit(text)
        usable = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        return False
    return usable and _is_plain(text) and not any(sign in text for sign in "@?#")


def existing_path(variable: str, text: str) -> Path:
    """Return a file or folder that exists."""
    path = Path(text).absolute()
    if not path.exists():
        raise InvalidSetting(variable, f"{text} does not exist")
    return path


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text
