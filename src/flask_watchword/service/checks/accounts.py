"""Accounts: how their passwords are kept, and who administers."""

from flask_watchword.accounts.admins import ADMIN
from flask_watchword.accounts.passwords import Passwords
from flask_watchword.accounts.transaction import AccountStores
from flask_watchword.extension.checks.results import CheckResult, fine, problem, warning
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.features.demo.demo_user import refuse_demo_user

#: Accounts whose hashes are looked at.
_LOOKED_AT = 1_000
#: Admins that are named.
_NAMED = 5


def check_verified_logins(settings: Settings) -> CheckResult:
    """Check that logging in does not tell which addresses have accounts, and can be done."""
    check, only = "verified addresses", settings.verified_logins_only
    if only and settings.smtp is None:
        return problem(
            check,
            "a login needs one, and no e-mail is sent: the codes are in the log alone",
            "set WATCHWORD_SMTP, or WATCHWORD_REQUIRE_VERIFIED_EMAIL=false",
        )
    if not only and settings.smtp is not None:
        return warning(
            check,
            "a login needs none: who registers an address and logs in learns whether it had an "
            "account",
            "take WATCHWORD_REQUIRE_VERIFIED_EMAIL out",
        )
    return fine(check, "needed to log in" if only else "not needed to log in, as no e-mail is sent")


def check_hashes(accounts: AccountStores) -> CheckResult:
    """Check that passwords are hashed by the parameters of today."""
    check, passwords = "password hashes", Passwords()
    page = accounts.users.page(limit=_LOOKED_AT)
    others = sum(passwords.needs_rehash(user.password_hash) for user in page)
    if others:
        return warning(
            check,
            f"{others} of {len(page)} were made by other parameters or by other software",
            "each is renewed when its user logs in; ask the rest to",
        )
    return fine(check, f"{len(page)} looked at, all by argon2id as new ones")


def check_admins(accounts: AccountStores) -> CheckResult:
    """Check that somebody administers, and not by a password alone."""
    check, admins = "admins", sorted(accounts.users.hold_role(ADMIN))
    if not admins:
        return warning(
            check, "there is none", "watchword user add EMAIL --role admin, if one is wanted"
        )
    without = [who for who in admins if not accounts.totp.has_factor(who)]
    if without:
        users = [accounts.users.by_id(who) for who in without[:_NAMED]]
        named = ", ".join(user.email for user in users if user is not None)
        return warning(
            check,
            f"{len(without)} of {len(admins)} log in by a password alone: {named}",
            "let them enrol an authenticator: POST /totp/enrol",
        )
    return fine(check, f"{len(admins)}, each with an authenticator")


def check_demo_user(accounts: AccountStores, settings: Settings) -> CheckResult:
    """Check that a demo has left nobody behind whose password everybody knows."""
    if not settings.demo:
        try:
            refuse_demo_user(accounts.users, Passwords())
        except InvalidSetting as error:
            return problem(
                "user of the demo", str(error), "delete them: watchword user delete --help"
            )
    return fine("user of the demo", "belongs to this demo" if settings.demo else "none")
