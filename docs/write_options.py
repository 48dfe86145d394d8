"""Write docs/options.md from the table of options: `python docs/write_options.py`."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask_watchword.extension.options.options import OPTIONS

PAGE = Path(__file__).with_name("options.md")

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
# Options

All options stand in `app.config`. They may be set before or after `JWTManager(app)`, and changed
later: what is written there counts from the next request on. Names, defaults and the errors for bad
values are Flask-JWT-Extended's; the last options are Watchword's own.

This page is written by `docs/write_options.py` from the table in
[options.py](../src/flask_watchword/extension/options/options.py).
"""

_END = """\
## Beside these

- `SECRET_KEY`, Flask's own, serves where `JWT_SECRET_KEY` is unset. It switches Flask's session on
  as well.
- `JWT_BLACKLIST_ENABLED`, `JWT_BLACKLIST_TOKEN_CHECKS` and `JWT_USER_CLAIMS` of release 3 count
  where loaders and arguments of release 3 are used. Unset they mean `True`, `("access", "refresh")`
  and `"user_claims"`.
- An HMAC secret shorter than its hash, as `JWT_SECRET_KEY` or a fallback, and an RSA key under 2048
  bits cause a `jwt.warnings.InsecureKeyLengthWarning` when they first sign or verify a token, once
  per application. `JWTManager(app)` itself does not warn.
- A token that this application would refuse causes a
  `flask_watchword.exceptions.UnusableTokenWarning` where it is created, as does a cookie that
  browsers would drop where it is set: a subject that is no string, a token larger than
  `JWT_MAX_TOKEN_BYTES`, a life that has passed, an issuer or an audience that is not accepted,
  keys that do not belong together. Under the strict profile
  `flask_watchword.exceptions.UnusableToken`, a `ValueError`, is raised instead.
- `JWT_PROFILE = "strict"` also refuses weak keys, and tokens without `exp`, `iss`, `aud`, `sub`,
  `jti`, a known `type` and its `typ`, and tokens with a `cty`.
"""


def page() -> str:
    """Return the page as the table of options makes it."""
    return "\n".join([_INTRODUCTION, *_table(), "", _END])


def _table() -> Iterator[str]:
    yield "| Option | Default | What it is |"
    yield "| --- | --- | --- |"
    ordered = sorted(OPTIONS, key=lambda option: (option.name in OWN, option.name))
    for option in ordered:
        yield f"| `{option.name}` | {_shown(option.default)} | {option.meaning} |"


def _shown(default: Any) -> str:
    if isinstance(default, timedelta):
        minutes = int(default.total_seconds()) // 60
        return f"{default.days} days" if default.days else f"{minutes} minutes"
    if isinstance(default, list | tuple):
        return ", ".join(_shown(value) for value in default)
    return f"`{default!r}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
