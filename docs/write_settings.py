"""Write docs/reference/settings.md from the settings: `python -m docs.write_settings`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask_watchword.service.configuration.setting import Setting, limit_setting
from flask_watchword.service.configuration.settings import CORE_SETTINGS
from flask_watchword.service.configuration.values import as_text
from flask_watchword.service.features.table import FEATURES, rate_limits_of

PAGE = Path(__file__).parent / "reference" / "settings.md"

_INTRODUCTION = """\
# Settings of the service

`watchword serve` and the other commands read each setting from an environment variable, or from a
file `.env` in the current directory with one line `WATCHWORD_NAME=value` per setting. The environment
takes precedence over `.env`, and options of `watchword serve` (`--host`, `--port`, `--workers`,
`--database`, `--valkey`, `--demo`) take precedence over both. `${NAME}` in a value is not expanded. If
`.env` contains secrets, it must not be readable by other users.

`Watchword(app)` reads each setting from `app.config["WATCHWORD_NAME"]`, then from the environment. It
does not read `.env`. Values in `app.config` may be strings or Python values: a number, `True`, a
`timedelta` for seconds, a list for several values.

- An empty variable, or `None` in `app.config`, counts as not set.
- An unknown name that begins with `WATCHWORD_` stops the start:
  `Unknown setting WATCHWORD_DATABSE. Did you mean WATCHWORD_DATABASE?` So does a misspelled `JWT_`
  option in the `app.config` of an application with `Watchword(app)`. `JWTManager(app)` and
  `Sessions(app)` only warn.
- Variables that Kubernetes and Docker inject for a Service or link named `watchword` or
  `watchword-...` are ignored, for instance `WATCHWORD_PORT=tcp://10.96.0.17:5000`.
- A database URL begins with `sqlite://`, `postgresql://` or `postgres://`, as many hosting platforms
  write it, so `WATCHWORD_DATABASE=$DATABASE_URL` works. `WATCHWORD_VALKEY` also accepts `redis://` and
  `rediss://`. URL options that the driver does not know stop the start.
- For each variable that ends in `_FILE`, the value is read from the file it names. Use it for secrets.

`watchword doctor` [checks the settings](../service/doctor.md).

This page is written by `docs/write_settings.py`.

## Settings of the core
"""

_LIMITS = """\
## Rate limits

A limit is a count, a slash and a period: `second`, `minute`, `hour` or `day`, optionally with a number
before it, as in `20/30 minutes`. `10/hour` allows ten attempts at once, and then one more every six
minutes. So `WATCHWORD_LIMIT_REGISTER_PER_ADDRESS=300/hour` lets a school register a class from one IP
address. Attempts are counted across all workers and nodes. Successful attempts are not counted, except
registrations, e-mails and, with higher limits of their own, correct passwords. A request over a limit is
rejected with 429, `Retry-After` and the code `too_many_tries`. `watchword doctor` warns about limits
that are too high to stop guessing, or so low that users wait for hours.
"""

_AFTER_LIMITS = """\
An address is an IPv4 address or an IPv6 /64 network. Limits per address also count the IPv6 /48 network
around the address, with twice the limit, because a single customer may have all of its 65,536 /64
networks.

In addition, password hashing is shared: a process hashes as many passwords at a time as there are CPU
cores, and queues a limited number. One address can use at most half of this capacity, and one account at
one address a quarter. A client that uses its whole share gets 429 with `Retry-After: 1`, and other clients
can still log in.

[How accounts are protected](../explanation/account-protection.md) explains the limits on logins.
"""

_FEATURES = """\
## Settings of features

A setting or rate limit of a [feature](../service/features.md) that is left out does not exist: setting it
stops the start.
"""


def page() -> str:
    """Return the page."""
    parts = [
        _INTRODUCTION,
        *_core(),
        "",
        _FEATURES,
        *_of_features(),
        "",
        _LIMITS,
        *_limits(),
        "",
        _AFTER_LIMITS,
    ]
    return "\n".join(parts)


def _core() -> Iterator[str]:
    yield "| variable | default | meaning |"
    yield "| --- | --- | --- |"
    for setting in CORE_SETTINGS:
        yield f"| `{setting.variable}` | {_default(setting)} | {setting.meaning} |"
        if setting.is_secret:
            yield f"| `{setting.file_variable}` | | file that contains it |"


def _of_features() -> Iterator[str]:
    yield "| variable | default | meaning | feature |"
    yield "| --- | --- | --- | --- |"
    for feature in FEATURES:
        for setting in feature.settings:
            meaning = f"{setting.meaning} | `{feature.name}`"
            yield f"| `{setting.variable}` | {_default(setting)} | {meaning} |"
            if setting.is_secret:
                yield f"| `{setting.file_variable}` | | file that contains it | `{feature.name}` |"


def _default(setting: Setting[Any]) -> str:
    default = setting.default
    if setting.default_text is not None:
        return setting.default_text
    if default in (None, ()):
        return ""
    if isinstance(default, tuple):
        return f"`{', '.join(default)}`"
    return f"`{as_text(setting.variable, default)}`"


def _limits() -> Iterator[str]:
    yield "| variable | default | what it counts | feature |"
    yield "| --- | --- | --- | --- |"
    owners = {limit: f"`{one.name}`" for one in FEATURES for limit in one.rate_limits}
    for limit in rate_limits_of(FEATURES):
        setting = limit_setting(limit)
        owner = owners.get(limit, "several")
        yield f"| `{setting.variable}` | {_default(setting)} | {setting.meaning} | {owner} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
