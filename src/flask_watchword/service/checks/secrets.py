"""Check secrets: they must be unguessable, distinct and unreadable for others."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from urllib.parse import unquote, urlsplit

from flask_watchword.extension.checks.results import CheckResult, fine, problem, warning
from flask_watchword.extension.checks.weak_secrets import weakness
from flask_watchword.keys.encryption import KEY_BYTES
from flask_watchword.keys.master_key import MAKE_MASTER_KEY
from flask_watchword.service.checks.file_modes import others_reach
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import (
    MAKE_SECRET,
    MIN_TOKEN_CHARACTERS,
)
from flask_watchword.service.features.metrics.settings import METRICS_TOKEN

#: Minimum length of a password in a URL: few can reach that server, and attempts are slow.
_MIN_URL_PASSWORD = 8


def check_weak(settings: Settings) -> CheckResult:
    """Check that no secret is easy to guess."""
    for name, secret, min_length in _secrets_of(settings):
        reason = weakness(secret, min_length)
        if reason is not None:
            return problem("secrets are random", f"{name} {reason}", _remedy(name))
    return fine("secrets are random", "none is short, well known or a pattern")


def check_shared(settings: Settings) -> CheckResult:
    """Check that no two secrets are equal, so that one leak does not disclose another."""
    for (first, one, _), (second, other, _) in combinations(_secrets_of(settings), 2):
        if one == other and first != second:
            return problem(
                "secrets differ",
                f"{first} and {second} are the same: a leak of one discloses the other",
                f"create another: {_remedy(second)}",
            )
    return fine("secrets differ", "none is used for two purposes")


def check_files(files: Mapping[str, Path]) -> CheckResult:
    """Check that other users of the machine cannot read a file with a secret."""
    check = "files of secrets"
    for variable, file in files.items():
        if others_reach(file):
            return warning(
                check,
                f"every user of the machine can read or write {file} ({variable})",
                f"chmod o-rwx {file}; acceptable in a container whose only user is the service",
            )
    return fine(check, f"{len(files)}, unreadable for other users" if files else "none")


def _secrets_of(settings: Settings) -> Iterator[tuple[str, str, int]]:
    for key in (settings.master_key or "").split(","):
        if key.strip():
            yield "WATCHWORD_MASTER_KEY", key.strip(), KEY_BYTES
    token = settings[METRICS_TOKEN]
    if token is not None:
        yield METRICS_TOKEN.variable, token, MIN_TOKEN_CHARACTERS
    urls = {
        "WATCHWORD_DATABASE": settings.database,
        "WATCHWORD_VALKEY": settings.valkey,
        "WATCHWORD_SESSION_STORE": settings.session_store,
        "WATCHWORD_SMTP": settings.smtp,
    }
    seen: set[str] = set()
    for name, url in urls.items():
        password = unquote(urlsplit(url or "").password or "")
        # Two settings may name the same server.
        if password and url is not None and url not in seen:
            yield f"the password in {name}", password, _MIN_URL_PASSWORD
            seen.add(url)


def _remedy(name: str) -> str:
    if name == "WATCHWORD_MASTER_KEY":
        return f"{MAKE_MASTER_KEY}; set it before the old one, separated by a comma: NEW,OLD"
    if name.startswith("WATCHWORD_"):
        return MAKE_SECRET
    return f"set another password for that server's user: {MAKE_SECRET}"
