"""The rate limits that several features share, and the attempts that each one counts."""

from collections.abc import Sequence
from enum import StrEnum

from flask_watchword.accounts.rate_limit_declarations import Limits, RateLimit
from flask_watchword.accounts.rate_limit_syntax import read_limit
from flask_watchword.accounts.rate_limits import Hit, hit, hits_by_address


class MailCause(StrEnum):
    """The kind of request that may send an e-mail to an address."""

    REGISTRATION = "registration"
    VERIFICATION = "verification"
    RESET = "reset"
    CHANGE = "change"
    CHANGE_NOTICE = "change notice"
    PASSWORD_NOTICE = "password notice"
    REPEATS = "repeats"


MAIL_PER_ADDRESS = RateLimit(
    name="mail_per_address",
    default=read_limit("20/20 minutes"),
    most=read_limit("1000/hour"),
    counts="requests from one IP address that may send an e-mail",
)
MAIL_PER_MAILBOX = RateLimit(
    name="mail_per_mailbox",
    default=read_limit("3/45 minutes"),
    most=read_limit("30/hour"),
    counts="e-mails of one kind to one mailbox; further ones are not sent",
)
CODE_PER_ADDRESS = RateLimit(
    name="code_per_address",
    default=read_limit("20/20 minutes"),
    most=read_limit("1000/hour"),
    counts="wrong one-time codes from one IP address",
)
PASSWORD_PER_ACCOUNT = RateLimit(
    name="password_per_account",
    default=read_limit("10/10 minutes"),
    most=read_limit("100/10 minutes"),
    counts="wrong passwords of a user who is already logged in",
)
ACCEPTED_PASSWORD_PER_ACCOUNT = RateLimit(
    name="accepted_password_per_account",
    default=read_limit("300/10 minutes"),
    most=read_limit("3000/10 minutes"),
    counts="correct passwords of a user who is already logged in",
)
NEW_PASSWORD_PER_ADDRESS = RateLimit(
    name="new_password_per_address",
    default=read_limit("30/10 minutes"),
    most=read_limit("300/10 minutes"),
    counts="new passwords from one IP address that the policy rejects",
)
NEW_PASSWORD_PER_ACCOUNT = RateLimit(
    name="new_password_per_account",
    default=read_limit("30/10 minutes"),
    most=read_limit("300/10 minutes"),
    counts="new passwords of a logged-in user that the policy rejects",
)

#: The settings that exist whichever features are left out.
SHARED_LIMITS = (
    MAIL_PER_ADDRESS,
    MAIL_PER_MAILBOX,
    CODE_PER_ADDRESS,
    PASSWORD_PER_ACCOUNT,
    ACCEPTED_PASSWORD_PER_ACCOUNT,
    NEW_PASSWORD_PER_ADDRESS,
    NEW_PASSWORD_PER_ACCOUNT,
)


def mail_request_hits(limits: Limits, address: str) -> Sequence[Hit]:
    """Count a request that may send an e-mail: a forgotten password, another code."""
    return hits_by_address("mail request", limits[MAIL_PER_ADDRESS], address)


def mailbox_hits(limits: Limits, email_key: str, cause: MailCause) -> Sequence[Hit]:
    """Count an e-mail to one mailbox, so that a mailbox cannot be flooded.

    A mailbox that has reached its limit gets no further e-mail, but the answer stays the same: an
    error would let an attacker keep the owner from resetting the password, although the e-mail in
    the mailbox still serves. Each cause is counted by itself, because an e-mail of another kind
    does not carry the code that the owner needs.
    """
    return [hit("mailbox", limits[MAIL_PER_MAILBOX], email_key, cause.value)]


def one_time_code_hits(limits: Limits, address: str) -> Sequence[Hit]:
    """Count a code of an e-mail. A correct code is refunded."""
    return hits_by_address("one-time code", limits[CODE_PER_ADDRESS], address)


def reauthentication_hits(limits: Limits, user_id: str) -> Sequence[Hit]:
    """Count a wrong password of a logged-in user. A correct one is refunded."""
    return [hit("re-authentication", limits[PASSWORD_PER_ACCOUNT], user_id)]


def accepted_password_hits(limits: Limits, user_id: str) -> Sequence[Hit]:
    """Count a correct password of a logged-in user. A wrong one is refunded.

    Each costs a hash, as a login does.
    """
    return [hit("accepted password", limits[ACCEPTED_PASSWORD_PER_ACCOUNT], user_id)]


def new_password_hits(limits: Limits, address: str) -> Sequence[Hit]:
    """Count a new password that the policy checks. An accepted one is refunded.

    A check costs milliseconds of one core, and each process runs one at a time. Without a limit,
    clients that send nothing but weak passwords would keep it busy.
    """
    return hits_by_address("new password", limits[NEW_PASSWORD_PER_ADDRESS], address)


def new_password_of_user_hits(limits: Limits, user_id: str) -> Sequence[Hit]:
    """Count a new password of a logged-in user, from any address."""
    return [hit("new password of user", limits[NEW_PASSWORD_PER_ACCOUNT], user_id)]
