"""The limits of everything but signing in: by whom it is counted, and how often it may be."""

from enum import StrEnum

from flask_watchword.accounts.addresses import address_block
from flask_watchword.accounts.throttling import Charge, Limit, charge

# By address: what one place may ask for, over all accounts.
_REGISTRATION = Limit(burst=10, interval=360.0)
_MAIL_REQUEST = Limit(burst=20, interval=60.0)
_CODE = Limit(burst=20, interval=60.0)
_MACHINE_TOKEN = Limit(burst=60, interval=5.0)

# By account.
_MAILBOX = Limit(burst=3, interval=900.0)
_SECOND_FACTOR = Limit(burst=5, interval=900.0)
_REAUTHENTICATION = Limit(burst=10, interval=60.0)


class MailCause(StrEnum):
    """What somebody does that may send an e-mail to an address."""

    REGISTRATION = "registration"
    VERIFICATION = "verification"
    RESET = "reset"
    CHANGE = "change"


def registration(address: str) -> Charge:
    """Count an account that somebody wants to make."""
    return charge("registration", _REGISTRATION, address_block(address))


def mail_request(address: str) -> Charge:
    """Count a request that may send an e-mail: a forgotten password, one more link."""
    return charge("mail request", _MAIL_REQUEST, address_block(address))


def mailbox(email_key: str, cause: MailCause) -> Charge:
    """Count an e-mail to one address, so that nobody can fill somebody's mailbox.

    Where there is no room the answer stays as it always is and no e-mail is sent: a refusal
    would be a way to keep an owner from resetting a password, for which the e-mail that is in the
    mailbox already serves. So each cause is counted by itself: an e-mail of another kind, or one
    that was counted and never sent, has no code for that.
    """
    return charge("mailbox", _MAILBOX, email_key, cause.value)


def one_time_code(address: str) -> Charge:
    """Count a code of an e-mail that somebody presents. A code that is right is paid back."""
    return charge("one-time code", _CODE, address_block(address))


def machine_token(address: str) -> Charge:
    """Count a machine token that is not ours; one that is costs nothing."""
    return charge("machine token", _MACHINE_TOKEN, address_block(address))


def second_factor(user_id: str) -> Charge:
    """Count a code of a second factor, by account alone.

    A code has six digits, so what matters is how many are tried in all, from wherever. Only who
    has the password comes this far; an owner whom somebody with their password keeps out here
    resets it by e-mail, which ends the other's pending sign-ins. A code that is right is paid back.
    """
    return charge("second factor", _SECOND_FACTOR, user_id)


def recovery_code(user_id: str) -> Charge:
    """Count a recovery code, by account alone; one that is right is paid back.

    Apart from the codes of an authenticator, so that whoever uses up those tries, an application
    that sends a form again and again, say, does not keep the owner from these as well.
    """
    return charge("recovery code", _SECOND_FACTOR, user_id)


def reauthentication(user_id: str) -> Charge:
    """Count a password typed by somebody who is signed in; one that is right is paid back."""
    return charge("re-authentication", _REAUTHENTICATION, user_id)
