"""Write docs/reference/options.md from the table of options: `python -m docs.write_options`."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask_watchword.extension.options.sessions import SESSION_OPTIONS
from flask_watchword.extension.options.table import OPTIONS

PAGE = Path(__file__).parent / "reference" / "options.md"

#: What Flask-JWT-Extended does not have.
OWN = (
    "JWT_COOKIE_PARTITIONED",
    "JWT_ISSUERS",
    "JWT_MAX_TOKEN_BYTES",
    "JWT_PROFILE",
    "JWT_PUBLIC_KEYS",
    "JWT_SECRET_KEY_FALLBACKS",
)

_INTRODUCTION = """\
# Options of the extension

Options are set in `app.config`, before or after `JWTManager(app)`. A changed option applies from the
next request on. Names, defaults and error messages are those of Flask-JWT-Extended; the last options
are Watchword's own. An unknown name that begins with `JWT_` causes a warning with the most similar one.

This page is written by `docs/write_options.py`.
"""

_SESSIONS = """\
## Options of sessions

For [`Sessions(app)`](../extension/sessions.md). Durations are a `timedelta` or seconds. Lifetimes and the
limit may be changed at run time; the store and the staleness are read once.
"""

_END = """\
## Notes

- Without `JWT_SECRET_KEY`, Flask's `SECRET_KEY` is used. `SECRET_KEY` also enables Flask's session.
- `JWT_BLACKLIST_ENABLED`, `JWT_BLACKLIST_TOKEN_CHECKS` and `JWT_USER_CLAIMS` of Flask-JWT-Extended 3 apply
  where loaders and arguments of release 3 are used. Their defaults are `True`, `("access", "refresh")` and
  `"user_claims"`.
- An HMAC secret shorter than its hash, in `JWT_SECRET_KEY` or a fallback, or an RSA key under 2048 bits
  causes a `jwt.warnings.InsecureKeyLengthWarning` when it first signs or verifies a token, once per
  application.
- Creating a token that this application would reject causes a
  `flask_watchword.exceptions.UnusableTokenWarning`, and so does setting a cookie that browsers would drop:
  a subject that is not a string, a token larger than `JWT_MAX_TOKEN_BYTES`, a lifetime that has passed, an
  issuer or audience that is not accepted, keys that do not belong together. With the strict profile
  `flask_watchword.exceptions.UnusableToken`, a `ValueError`, is raised instead.
- `JWT_PROFILE = "strict"` also rejects weak keys, tokens without `exp`, `iss`, `aud`, `sub`, `jti`, a known
  `type` and the matching `typ` header, and tokens with a `cty` header.
"""


def page() -> str:
    """Return the page as the table of options makes it."""
    return "\n".join([_INTRODUCTION, *_table(), "", _SESSIONS, *_session_table(), "", _END])


def _table() -> Iterator[str]:
    yield "| option | default | meaning |"
    yield "| --- | --- | --- |"
    ordered = sorted(OPTIONS, key=lambda option: (option.name in OWN, option.name))
    for option in ordered:
        yield f"| `{option.name}` | {_shown(option.default)} | {option.meaning} |"


def _session_table() -> Iterator[str]:
    yield "| option | default | meaning |"
    yield "| --- | --- | --- |"
    for option in SESSION_OPTIONS:
        yield f"| `{option.name}` | {_shown(option.default)} | {option.meaning} |"


def _shown(default: Any) -> str:
    if isinstance(default, timedelta):
        return _duration(default)
    if isinstance(default, list | tuple):
        return ", ".join(_shown(value) for value in default)
    return f"`{default!r}`"


def _duration(duration: timedelta) -> str:
    if duration.days:
        return f"{duration.days} days"
    minutes, seconds = divmod(duration.seconds, 60)
    return f"{seconds} seconds" if seconds else f"{minutes} minutes"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
