"""The table of rate limits, each of which is a setting, and whose attempts each one counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from flask_watchword.accounts.rate_limit_syntax import read_limit
from flask_watchword.accounts.rate_limits import (
    Hit,
    Limit,
    LoginLimits,
    hit,
    hits_by_address,
)


class MailCause(StrEnum):
    """What somebody does that may send an e-mail to an address."""

    REGISTRATION = "registration"
    VERIFICATION = "verification"
    RESET = "reset"
    CHANGE = "change"
    CHANGE_NOTICE = "change notice"
    PASSWORD_NOTICE = "password notice"
    REPEATS = "repeats"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table.

    Attributes:
        name: the name of the limit, in lower case.
        default: the limit that applies unless another one is set.
        most: the highest limit that the doctor accepts without a warning.
        counts: what the limit counts, as a phrase.
    """

    name: str
    default: Limit
    most: Limit
    counts: str

    @property
    def setting(self) -> str:
        """Return the name of the setting, in lower case and without the prefix of all settings."""
        return f"limit_{self.name}"


def _row(most: str, counts: str) -> Mapping[str, Any]:
    return {"most": read_limit(most), "counts": counts}


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """Every rate limit. A row that is added here is a setting, documented and checked.

    The setting of a row is ``WATCHWORD_LIMIT_`` and its name in capitals. Each row has its default,
    the highest limit that the doctor accepts without a warning, and what it counts.
    """

    login_per_address: Limit = field(
        default=read_limit("50/500 seconds"),
        metadata=_row("5000/hour", "failed logins from one address, over all accounts"),
    )
    login_per_account_at_address: Limit = field(
        default=read_limit("10/10 minutes"),
        metadata=_row("100/10 minutes", "failed logins to one account from one address"),
    )
    login_per_account: Limit = field(
        default=read_limit("50/50 minutes"),
        metadata=_row(
            "500/50 minutes",
            "failed logins to one account from all addresses that never logged in to it",
        ),
    )
    login_per_account_in_network: Limit = field(
        default=read_limit("1/15 minutes"),
        metadata=_row(
            "10/15 minutes",
            "failed logins to one account from one /24 or /48 network, when the limit before is "
            "used up",
        ),
    )
    successful_login_per_account: Limit = field(
        default=read_limit("300/10 minutes"),
        metadata=_row("3000/10 minutes", "logins to one account with the correct password"),
    )
    register_per_address: Limit = field(
        default=read_limit("10/hour"),
        metadata=_row("1000/hour", "registrations from one address"),
    )
    mail_per_address: Limit = field(
        default=read_limit("20/20 minutes"),
        metadata=_row("1000/hour", "requests from one address that may send an e-mail"),
    )
    mail_per_mailbox: Limit = field(
        default=read_limit("3/45 minutes"),
        metadata=_row("30/hour", "e-mails of one kind to one mailbox; further ones are not sent"),
    )
    code_per_address: Limit = field(
        default=read_limit("20/20 minutes"),
        metadata=_row("1000/hour", "wrong one-time codes from one address"),
    )
    second_factor_per_account: Limit = field(
        default=read_limit("5/75 minutes"),
        metadata=_row("10/hour", "wrong TOTP codes for one account"),
    )
    recovery_code_per_account: Limit = field(
        default=read_limit("5/75 minutes"),
        metadata=_row("60/hour", "wrong recovery codes for one account"),
    )
    password_per_account: Limit = field(
        default=read_limit("10/10 minutes"),
        metadata=_row("100/10 minutes", "wrong passwords of a user who is already logged in"),
    )
    new_password_per_address: Limit = field(
        default=read_limit("30/10 minutes"),
        metadata=_row("300/10 minutes", "new passwords from one address that the policy rejects"),
    )
    new_password_per_account: Limit = field(
        default=read_limit("30/10 minutes"),
        metadata=_row(
            "300/10 minutes", "new passwords of a logged-in user that the policy rejects"
        ),
    )
    accepted_password_per_account: Limit = field(
        default=read_limit("300/10 minutes"),
        metadata=_row("3000/10 minutes", "correct passwords of a user who is already logged in"),
    )
    machine_token_per_address: Limit = field(
        default=read_limit("60/5 minutes"),
        metadata=_row("10000/hour", "wrong API keys and client secrets from one address"),
    )

    @property
    def sign_in(self) -> LoginLimits:
        """Return the limits that a login is counted on."""
        return LoginLimits(
            address=self.login_per_address,
            account_at_address=self.login_per_account_at_address,
            strangers=self.login_per_account,
            site=self.login_per_account_in_network,
            success=self.successful_login_per_account,
        )

    def registration(self, address: str) -> Sequence[Hit]:
        """Count a registration by client address."""
        return hits_by_address("registration", self.register_per_address, address)

    def mail_request(self, address: str) -> Sequence[Hit]:
        """Count a request that may send an e-mail: a forgotten password, another code."""
        return hits_by_address("mail request", self.mail_per_address, address)

    def mailbox(self, email_key: str, cause: MailCause) -> Sequence[Hit]:
        """Count an e-mail to one mailbox, so that a mailbox cannot be flooded.

        A mailbox that has reached its limit gets no further e-mail, but the answer stays the same:
        an error would let an attacker keep the owner from resetting the password, although the
        e-mail in the mailbox still serves. Each cause is counted by itself, because an e-mail of
        another kind does not carry the code that the owner needs.
        """
        return [hit("mailbox", self.mail_per_mailbox, email_key, cause.value)]

    def one_time_code(self, address: str) -> Sequence[Hit]:
        """Count a code of an e-mail. A correct code is refunded."""
        return hits_by_address("one-time code", self.code_per_address, address)

    def new_password(self, address: str) -> Sequence[Hit]:
        """Count a new password that the policy checks. An accepted one is refunded.

        A check costs milliseconds of one core, and each process runs one at a time. Without a
        limit, clients that send nothing but weak passwords would keep it busy.
        """
        return hits_by_address("new password", self.new_password_per_address, address)

    def new_password_of(self, user_id: str) -> Sequence[Hit]:
        """Count a new password of a logged-in user, from any address."""
        return [hit("new password of user", self.new_password_per_account, user_id)]

    def machine_token(self, address: str) -> Sequence[Hit]:
        """Count an unknown machine token. A valid one is refunded."""
        return hits_by_address("machine token", self.machine_token_per_address, address)

    def second_factor(self, user_id: str) -> Sequence[Hit]:
        """Count a code of a second factor by account alone. A correct code is refunded.

        A code has six digits, so the total from all addresses matters. An attacker needs the
        password to come this far; an owner who is locked out by one resets the password by
        e-mail, which invalidates the attacker's pending logins.
        """
        return [hit("second factor", self.second_factor_per_account, user_id)]

    def recovery_code(self, user_id: str) -> Sequence[Hit]:
        """Count a recovery code by account alone. A correct code is refunded.

        Recovery codes have a limit of their own, so that an owner whose attempts at the
        authenticator are used up can still log in with one.
        """
        return [hit("recovery code", self.recovery_code_per_account, user_id)]

    def reauthentication(self, user_id: str) -> Sequence[Hit]:
        """Count a wrong password of a logged-in user. A correct one is refunded."""
        return [hit("re-authentication", self.password_per_account, user_id)]

    def accepted_password(self, user_id: str) -> Sequence[Hit]:
        """Count a right password of a logged-in user. A wrong one is refunded.

        Each costs a hash, as a login does.
        """
        return [hit("accepted password", self.accepted_password_per_account, user_id)]


_DEFAULTS = RateLimits()
#: The rows of the table, in its order.
ROWS: Sequence[Row] = tuple(
    Row(row.name, getattr(_DEFAULTS, row.name), **row.metadata) for row in fields(RateLimits)
)
