"""What accounts have to say to people by e-mail, and what that needs of a mailer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class NotificationKind(StrEnum):
    """What a letter is about."""

    VERIFY_EMAIL = "verify_email"
    ALREADY_REGISTERED = "already_registered"
    RESET_PASSWORD = "reset_password"
    SET_PASSWORD = "set_password"
    PASSWORD_CHANGED = "password_changed"
    CHANGE_EMAIL = "change_email"
    EMAIL_CHANGED = "email_changed"
    EMAIL_CHANGE_REQUESTED = "email_change_requested"
    TOTP_ADDED = "totp_added"
    TOTP_REMOVED = "totp_removed"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed"
    RECOVERY_CODE_USED = "recovery_code_used"
    API_KEY_ADDED = "api_key_added"
    CLIENT_ADDED = "client_added"
    SESSION_USED_ELSEWHERE = "session_used_elsewhere"


@dataclass(frozen=True, slots=True)
class Notification:
    """A message to one mailbox; the mailer finds the words.

    Attributes:
        kind: what it is about.
        recipient: the address it goes to.
        code: the text of a one-time code, where it has one.
        expires_at: when that is over, seconds since the epoch.
        about: what it names: an API key, or how many recovery codes are left.
        items: what it lists; of each item the values that the template shows.
    """

    kind: NotificationKind
    recipient: str
    code: str | None = field(default=None, repr=False)
    expires_at: float | None = None
    about: str = ""
    items: tuple[Mapping[str, str], ...] = ()


class Mailer(Protocol):
    """Sees to it that letters are sent, without making anybody wait for that."""

    def send(self, letter: Notification) -> None:
        """Keep a letter that has to be sent.

        A link in it begins with the configured address of the service, never with what a
        request says it was sent to.
        """

    def send_nothing(self) -> None:
        """Do the work of :meth:`send` for a letter that nobody gets.

        Without it the time of an answer would tell which e-mail addresses have an account.
        """


class NullMailer:
    """Sends nothing, at the cost of sending it: for a mailbox that has had enough."""

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer

    def send(self, letter: Notification) -> None:
        """Do the work of sending a letter, which nobody gets."""
        self._mailer.send_nothing()

    def send_nothing(self) -> None:
        """Do that work."""
        self._mailer.send_nothing()
