"""Check accounts: password hashes, administrators, the demo user."""

from collections.abc import Sequence

from flask_watchword.accounts.passwords import Passwords
from flask_watchword.accounts.transaction import Repositories
from flask_watchword.extension.checks.results import CheckResult, fine, problem, warning
from flask_watchword.service.authentication.factor import Factor
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.features.demo.demo_user import refuse_demo_user

#: Number of accounts whose hashes are checked.
_SAMPLE = 1_000
#: Number of admins listed by address.
_MAX_LISTED = 5


def check_hashes(accounts: Repositories) -> CheckResult:
    """Check that passwords are hashed with the current parameters."""
    check, passwords = "password hashes", Passwords()
    page = accounts.users.page(limit=_SAMPLE)
    others = sum(passwords.needs_rehash(user.password_hash) for user in page)
    if others:
        return warning(
            check,
            f"{others} of {len(page)} have other parameters or come from other software",
            "each is renewed when its user logs in; ask the other users to log in",
        )
    return fine(check, f"{len(page)} checked, all argon2id with the current parameters")


def check_admins(accounts: Repositories, factors: Sequence[Factor]) -> CheckResult:
    """Check that there is an admin, and that admins have a second factor."""
    check, admins = "admins", sorted(accounts.users.hold_admins())
    if not admins:
        return warning(check, "there is none", "watchword user add EMAIL --role admin")
    second = [factor for factor in factors if not factor.is_backup]
    without = [who for who in admins if not any(one.is_enrolled(accounts, who) for one in second)]
    if without:
        users = [accounts.users.by_id(who) for who in without[:_MAX_LISTED]]
        listed = ", ".join(user.email for user in users if user is not None)
        return warning(
            check,
            f"{len(without)} of {len(admins)} log in with a password alone: {listed}",
            "let them add a second factor",
        )
    return fine(check, f"{len(admins)}, each with a second factor")


def check_demo_user(accounts: Repositories, settings: Settings) -> CheckResult:
    """Check that no demo user, whose password is public, is left in the database."""
    if not settings.demo:
        try:
            refuse_demo_user(accounts.users, Passwords())
        except InvalidSetting as error:
            return problem(
                "user of the demo", str(error), "delete that user: watchword user delete --help"
            )
    return fine("user of the demo", "belongs to this demo" if settings.demo else "none")
