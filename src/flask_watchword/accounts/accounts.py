"""What everything that is done with an account works with, and the steps that they share."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from flask_watchword.accounts.api_tokens import ApiToken, ApiTokenStore
from flask_watchword.accounts.emails import email_key, mailbox
from flask_watchword.accounts.notifications import Mailer, Notification, NotificationKind
from flask_watchword.accounts.one_time_codes import (
    CodeLifetimes,
    CodeStore,
    InvalidCode,
    Purpose,
    code_digest,
    new_code,
)
from flask_watchword.accounts.password_policy import MIN_PASSWORD_CHARACTERS, check_new_password
from flask_watchword.accounts.passwords import Passwords
from flask_watchword.accounts.user_store import UserStore
from flask_watchword.accounts.users import User
from flask_watchword.clock import Clock, system_clock

_T = TypeVar("_T")


class Together(Protocol):
    """Makes several changes one."""

    def __call__(self, accounts: "Accounts", work: "Callable[[Accounts], _T]", /) -> _T:
        """Do work on accounts whose changes count together, once it has returned.

        Where it raises nothing has changed. It may be done several times, each from the start.
        """


#: The letter that brings a code of each purpose that is mailed.
_LETTERS = {
    Purpose.VERIFY_EMAIL: NotificationKind.VERIFY_EMAIL,
    Purpose.RESET_PASSWORD: NotificationKind.RESET_PASSWORD,
    Purpose.ADMIN_RESET: NotificationKind.RESET_PASSWORD,
    Purpose.SET_PASSWORD: NotificationKind.SET_PASSWORD,
    Purpose.CHANGE_EMAIL: NotificationKind.CHANGE_EMAIL,
}


def _nobody_has(_user: User) -> bool:
    return False


def _one_by_one(accounts: "Accounts", work: "Callable[[Accounts], _T]") -> _T:
    return work(accounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """The stores, the mailer and the rules.

    Attributes:
        users: keeps the users.
        codes: keeps the one-time codes.
        machine_tokens: keeps API keys and clients.
        mailer: sends what there is to say.
        passwords: hashes and verifies.
        clock: tells the time.
        lifetimes: how long codes are good.
        service_name: what no password may be made of.
        has_second_factor: tells whether a user is asked for one; then a shorter password will do.
        min_password_characters: least length of a password that is the only factor.
        together: makes the changes of one request one. What takes long, a hash above all, is done
            before it begins.
    """

    users: UserStore
    codes: CodeStore
    api_tokens: ApiTokenStore
    mailer: Mailer
    passwords: Passwords
    clock: Clock = system_clock
    lifetimes: CodeLifetimes = field(default_factory=CodeLifetimes)
    service_name: str = "Watchword"
    has_second_factor: Callable[[User], bool] = _nobody_has
    min_password_characters: int = MIN_PASSWORD_CHARACTERS
    together: Together = _one_by_one

    def change(self, work: "Callable[[Accounts], _T]") -> _T:
        """Do work whose changes are all there afterwards, or none of them."""
        return self.together(self, work)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What came of a request that anybody may make about any address: the same for all of them.

    Attributes:
        subject: whose account it is about, for the audit log and never for the answer; ``None``
            where nothing was done. Two of these are equal without it.
    """

    subject: str | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class PasswordSet:
    """A password was changed. Whoever has the old one may still have sessions: end them.

    Attributes:
        subject: whose.
        may_keep_session: whether the session that asked for it may go on; every other one ends.
            A reset asks without one, and begins none.
        api_keys: the API keys and clients that worked until then, as they are now.
    """

    subject: str
    may_keep_session: bool
    api_keys: tuple[ApiToken, ...] = ()


def checked_hash(accounts: Accounts, user: User | None, email: str, password: str) -> str:
    """Return the hash of a new password that may be chosen.

    Raises:
        UnacceptablePassword: when it may not; nothing was hashed then.
        HashingBusy: when no core became free in time.
    """
    second_factor = user is not None and accounts.has_second_factor(user)
    about = (email, accounts.service_name)
    check_new_password(
        password,
        about=about,
        second_factor=second_factor,
        least=accounts.min_password_characters,
    )
    return accounts.passwords.hash(password)


def mail_code(accounts: Accounts, user: User, purpose: Purpose, address: str) -> None:
    """Mail a new code to an address of the user; any older one of this purpose is over."""
    text, code = new_code(user, purpose, address, accounts.clock(), accounts.lifetimes)
    accounts.codes.put(code)
    accounts.mailer.send(Notification(_LETTERS[purpose], mailbox(address), text, code.expires_at))


def mail_nothing(accounts: Accounts, email: str, purpose: Purpose) -> None:
    """Do the work of :func:`mail_code` for an address that gets no mail."""
    put_nobodys_code(accounts, email, purpose)
    accounts.mailer.send_nothing()


def turn_away(accounts: Accounts, email: str, purpose: Purpose) -> Accepted:
    """Mail nothing, as if there were no account: the mailbox has had enough mail of this kind.

    A code that is in it stays good, so nobody keeps an owner from using theirs.
    """

    def work(stores: Accounts) -> Accepted:
        mail_nothing(stores, email, purpose)
        return Accepted()

    return accounts.change(work)


def put_nobodys_code(accounts: Accounts, email: str, purpose: Purpose) -> None:
    """Keep a code whose text nobody has, for a user who does not exist."""
    # A few hundred of them at the most, however many addresses somebody tries, and not one alone,
    # at which all who try would wait for each other.
    place = hashlib.sha256(email_key(email).encode("utf-8", "surrogatepass")).hexdigest()[:2]
    nobody = User(f"nobody-{place}", "", "", "", 0.0)
    _, code = new_code(nobody, purpose, "", accounts.clock(), accounts.lifetimes)
    accounts.codes.put(code)


def notify(
    accounts: Accounts,
    kind: NotificationKind,
    user: User | None,
    *,
    about: str = "",
    items: tuple[Mapping[str, str], ...] = (),
) -> None:
    """E-mail a notice to the address of a user; a disabled user gets none.

    Args:
        accounts: whose mailer puts it into the outbox.
        kind: the notice.
        user: who gets it; ``None`` does the same work for no one.
        about: what it names, if anything.
        items: what it lists, if anything; of each item the values that the template shows.
    """
    if user is None or user.is_disabled:
        accounts.mailer.send_nothing()
    else:
        accounts.mailer.send(Notification(kind, mailbox(user.email), about=about, items=items))


def redeem(accounts: Accounts, text: str, purpose: Purpose) -> tuple[User, str]:
    """Use up a code; return whose it was, and the address it was mailed to.

    Raises:
        InvalidCode: when it is not good, or the user is another one by now: disabled, deleted,
            with another address or another password.
    """
    code = accounts.codes.take(code_digest(text), purpose, accounts.clock())
    if code is None:
        raise InvalidCode
    user = accounts.users.by_id(code.subject)
    if user is None or user.version != code.version:
        raise InvalidCode
    return user, code.address
