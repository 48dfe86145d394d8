"""Write docs/reference/settings.md from the settings: `python -m docs.write_settings`."""

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from flask_watchword.accounts.rate_limit_syntax import limit_text
from flask_watchword.accounts.rate_limit_table import ROWS
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.sources import IN_FILES

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

## All settings
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

#: What is not a plain default.
_DEFAULTS = {
    "workers": "one per CPU core",
    "master_key": "generated with SQLite, required with PostgreSQL",
    "require_verified_email": "`true` with `WATCHWORD_SMTP`, otherwise `false`",
}

MEANINGS = {
    "host": "IP address to listen on",
    "port": "port to listen on",
    "workers": "number of worker processes",
    "database": "database URL: a SQLite file, or PostgreSQL as in `postgresql://user@host/name`",
    "valkey": "URL of a Valkey or Redis server, as in `valkey://host:6379/0`, which then stores sessions "
    "and rate limit counters; with `?prefix=shop` all keys begin with `{shop}`",
    "session_store": "URL of the session store, if it is neither the database nor that Valkey",
    "demo": "add the demo's user and routes, in the database `watchword-demo.db`",
    "master_key": "key that encrypts private keys, TOTP secrets and queued e-mail in the database: 32 "
    "bytes in base64url; see [the master key](../service/keys.md#the-master-key)",
    "key_algorithm": "algorithm of new signing keys: `EdDSA`, `ES256` or `RS256`",
    "key_rotation_days": "days for which a key signs before the next one replaces it; `0` turns automatic "
    "rotation off",
    "key_publish_seconds": "seconds for which a key is in the JWK Set before it signs",
    "issuer": "`iss` of every token, and the only issuer accepted",
    "audience": "`aud` of every token, and the only audience accepted",
    "access_token_seconds": "lifetime of an access token",
    "refresh_token_seconds": "lifetime of a refresh token, and of a session that is not refreshed",
    "session_seconds": "maximum lifetime of a session",
    "refresh_grace": "seconds for which a used refresh token returns the same new tokens again; with `0`, "
    "every second use ends the session",
    "min_password_characters": "minimum length of a new password, at least 8; with a second factor the "
    "minimum is 8",
    "max_request_bytes": "maximum size of a request body; larger ones are rejected with 413",
    "trusted_proxies": "number of reverse proxies in front of the service, whose `X-Forwarded-For` is "
    "used; `0` ignores the header. See [Behind a proxy](../how-to/proxy.md)",
    "service_name": "name of the service in e-mails; a password must not be based on it",
    "public_url": "URL of your pages, to which links in e-mails lead; without it e-mails contain only "
    "the code. See [E-mail](../service/email.md)",
    "cors_origins": "comma-separated origins of other sites whose pages may call the service, as in "
    "`https://app.example.com` or `capacitor://localhost`",
    "cors_headers": "comma-separated request headers that those pages may send besides "
    "`Authorization`, `Content-Type` and `X-CSRF-TOKEN`",
    "metrics_token": "bearer token for `/metrics`; without it only requests from this machine that did "
    "not come through a proxy are allowed",
    "smtp": "mail server, as in `smtp://user:password@host:587`, or `smtp+plain://localhost:1025` without "
    "TLS on the same machine; without it e-mails are printed to the log",
    "smtp_certificates": "file with CA certificates to trust instead of the system's",
    "mail_from": "sender of e-mails, as in `Example <login@example.com>`; required with `WATCHWORD_SMTP`",
    "mail_templates": "directory with e-mail templates that override the built-in ones",
    "log_format": "`text`, or `json` for one JSON object per line",
    "log_level": "`info` logs every request, `warning` and `error` only problems",
    "require_verified_email": "whether a login requires a verified e-mail address; see [what an attacker "
    "can learn](../explanation/account-protection.md#what-an-attacker-can-learn)",
    "verify_email_seconds": "lifetime of a code that verifies an e-mail address",
    "reset_password_seconds": "lifetime of a code that resets a password",
    "change_email_seconds": "lifetime of a code that changes an e-mail address",
    "disabled_features": "features to leave out, separated by commas, such as `registration`: their "
    "routes, settings and commands do not exist then; see [Features](../service/features.md)",
}


def page() -> str:
    """Return the page."""
    parts = [_INTRODUCTION, *_settings(), "", _LIMITS, *_limits(), "", _AFTER_LIMITS]
    return "\n".join(parts)


def _settings() -> Iterator[str]:
    by_name = {field.name: field for field in fields(Settings) if field.name != "limits"}
    if by_name.keys() != MEANINGS.keys():
        raise RuntimeError(f"explain these settings: {by_name.keys() ^ MEANINGS.keys()}")
    yield "| variable | default | meaning |"
    yield "| --- | --- | --- |"
    for name, meaning in MEANINGS.items():
        yield f"| `WATCHWORD_{name.upper()}` | {_default(by_name[name])} | {meaning} |"
        if name in IN_FILES:
            yield f"| `WATCHWORD_{name.upper()}_FILE` | | file that contains it |"


def _default(field: "Field[Any]") -> str:
    if field.name in _DEFAULTS:
        return _DEFAULTS[field.name]
    if field.default in (MISSING, None, ()):
        return ""
    if isinstance(field.default, tuple):
        return f"`{', '.join(field.default)}`"
    if isinstance(field.default, bool):
        return f"`{str(field.default).lower()}`"
    return f"`{field.default}`"


def _limits() -> Iterator[str]:
    yield "| variable | default | what it counts |"
    yield "| --- | --- | --- |"
    for row in ROWS:
        yield f"| `WATCHWORD_{row.setting.upper()}` | `{limit_text(row.default)}` | {row.counts} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
