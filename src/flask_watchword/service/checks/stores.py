"""Check stores and the mail server: schema, eviction, persistence, connection."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flask_watchword.accounts.outbox import SendingFailed
from flask_watchword.extension.checks.results import CheckResult, fine, problem, warning
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.stores import check_mail_server

if TYPE_CHECKING:
    from flask_watchword.infra.sql.state import DatabaseState
    from flask_watchword.infra.valkey.state import ValkeyState

_NO_EVICTION = "noeviction"


def check_schema(name: str, state: "DatabaseState") -> CheckResult:
    """Check that a database has the schema of this version."""
    check, revision = f"schema of the {name}", state.revision
    if revision.is_newest:
        return fine(check, f"revision {revision.newest}, the newest")
    if not revision.is_known:
        return problem(
            check,
            f"revision {revision.current}, of a later version of Watchword",
            "install that version, or restore an earlier backup of the database",
        )
    if revision.current is None:
        return warning(check, "none yet", "start the service, or: watchword db upgrade")
    return problem(
        check,
        f"revision {revision.current}, {revision.newest} is the newest",
        "watchword db upgrade",
    )


def check_eviction(name: str, states: Sequence["ValkeyState"]) -> CheckResult:
    """Check that Valkey evicts nothing when its memory is full."""
    check = f"memory of the {name}"
    for state in states:
        if state.eviction == _NO_EVICTION:
            continue
        remedy = f"set maxmemory-policy {_NO_EVICTION} in its configuration"
        if state.most_memory:
            return problem(
                check,
                f"maxmemory-policy is {state.eviction}: when memory is full, sessions and "
                "revocations are evicted, and revoked tokens are accepted again",
                remedy,
            )
        return warning(
            check,
            f"maxmemory-policy is {state.eviction}, which takes effect once maxmemory is set",
            remedy,
        )
    return fine(check, f"{_NO_EVICTION}: when memory is full, writes are rejected")


def check_persistence(name: str, states: Sequence["ValkeyState"]) -> CheckResult:
    """Check that Valkey keeps sessions across a restart."""
    check = f"persistence of the {name}"
    if all(state.appends for state in states):
        return fine(check, "appendonly")
    return warning(
        check,
        "appendonly is off: a restart loses everything after the last snapshot, and users of lost "
        "sessions must log in again",
        "set appendonly yes in its configuration",
    )


def check_mail(settings: Settings) -> CheckResult:
    """Check that the mail server accepts connections; no message is sent."""
    check = "e-mail"
    if settings.smtp is None:
        if settings.public_url is None or settings.demo:
            return fine(check, "printed to the log")
        return warning(
            check,
            "printed to the log, including codes that give access to accounts",
            "set WATCHWORD_SMTP and WATCHWORD_MAIL_FROM",
        )
    try:
        check_mail_server(settings)
    except InvalidSetting as error:
        return problem(check, str(error), "correct that setting")
    except SendingFailed as error:
        return problem(
            check,
            str(error),
            "check WATCHWORD_SMTP (smtp+plain:// for a server on this machine without TLS), the "
            "server's log and firewalls",
        )
    return fine(check, "the server accepts the configured connection")
