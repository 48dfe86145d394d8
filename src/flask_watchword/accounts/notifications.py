"""Notifications to users by e-mail, and the interface of a mailer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

#: The notification about a changed or reset password.
PASSWORD_CHANGED = "password_changed"


@dataclass(frozen=True, slots=True)
class Notification:
    """A message to one mailbox; the mailer renders its text.

    Attributes:
        kind: the kind of notification.
        recipient: the recipient's address.
        code: the one-time code, if any.
        expires_at: when the code expires, in seconds since the epoch.
        about: the subject of the message: an API key, or the number of recovery codes left.
        items: the items that the message lists, each with the values that the template shows.
    """

    kind: str
    recipient: str
    code: str | None = field(default=None, repr=False)
    expires_at: float | None = None
    about: str = ""
    items: tuple[Mapping[str, str], ...] = ()


class Mailer(Protocol):
    """Sends notifications asynchronously."""

    def send(self, notification: Notification) -> None:
        """Queue a notification.

        Links in it begin with the configured public URL, never with the host of a request.
        """

    def send_nothing(self) -> None:
        """Do the work of :meth:`send` without sending anything.

        Without it the response time would reveal which e-mail addresses have an account.
        """


class NullMailer:
    """Send nothing, in the time of sending it: for a mailbox that has reached its rate limit."""

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer

    def send(self, notification: Notification) -> None:
        """Do the work of sending a notification, without sending it."""
        self._mailer.send_nothing()

    def send_nothing(self) -> None:
        """Do the work of sending a notification, without sending it."""
        self._mailer.send_nothing()
