"""Check that logins with verified addresses only are possible, and reveal nothing."""

from flask_watchword.extension.checks.results import CheckResult, fine, problem, warning
from flask_watchword.service.authentication.verified_logins import verified_logins_only
from flask_watchword.service.configuration.settings import Settings


def check_verified_logins(settings: Settings) -> CheckResult:
    """Check that logins do not reveal which addresses have accounts, and are possible."""
    check, only = "verified addresses", verified_logins_only(settings)
    if only and settings.smtp is None:
        return problem(
            check,
            "logins require a verified address, but no e-mail is sent: codes are only in the log",
            "set WATCHWORD_SMTP, or WATCHWORD_REQUIRE_VERIFIED_EMAIL=false",
        )
    if not only and settings.smtp is not None:
        return warning(
            check,
            "logins do not require a verified address: registering an address and logging in "
            "reveals whether it had an account",
            "remove WATCHWORD_REQUIRE_VERIFIED_EMAIL",
        )
    return fine(check, "required" if only else "not required, because no e-mail is sent")
