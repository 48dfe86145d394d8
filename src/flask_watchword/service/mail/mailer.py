"""Render notifications and put them into the outbox."""

from urllib.parse import quote

from flask_watchword.accounts.notifications import Notification
from flask_watchword.accounts.outbox import Mail, Outbox, new_mail
from flask_watchword.clock import Clock
from flask_watchword.service.mail.rendering import MailTemplates

#: Seconds after which a notification without a code is no longer worth sending.
_NOTICE_SECONDS = 86_400.0


class OutboxMailer:
    """Put notifications into an outbox; the delivery thread sends them.

    Args:
        outbox: on the connection of the transaction that the notification belongs to.
        templates: the templates.
        public_url: the configured public URL of the service, without a trailing slash; if empty,
            notifications contain the code without a link.
        clock: seconds since the epoch.
    """

    def __init__(
        self, outbox: Outbox, templates: MailTemplates, public_url: str, clock: Clock
    ) -> None:
        self._outbox = outbox
        self._templates = templates
        self._public_url = public_url
        self._clock = clock

    def send(self, notification: Notification) -> None:
        """Queue a notification."""
        self._outbox.put(self._mail(notification))

    def send_nothing(self) -> None:
        """Do the work of :meth:`send` without a recipient, so that it takes as long."""
        decoy = Notification(self._templates.decoy_kind, "nobody@example.com", "0" * 43)
        self._outbox.put_decoy(self._mail(decoy))

    def _mail(self, notification: Notification) -> Mail:
        now = self._clock()
        lifetime = _NOTICE_SECONDS
        if notification.expires_at is not None:
            lifetime = max(0.0, notification.expires_at - now)
        body = self._templates.render(
            notification.kind,
            email=notification.recipient,
            code=notification.code or "",
            link=self._link(notification),
            within=in_words(lifetime),
            about=notification.about,
            items=notification.items,
        )
        return new_mail(notification.kind, notification.recipient, body, now, lifetime)

    def _link(self, notification: Notification) -> str:
        page = self._templates.page_of(notification.kind)
        if not (page and notification.code and self._public_url):
            return ""
        # Browsers do not send the fragment, after ``#``, to servers: the code appears neither in
        # logs nor in a Referer header.
        return f"{self._public_url}/{page}#code={quote(notification.code, safe='')}"


def in_words(seconds: float) -> str:
    """Return a duration in words, to the minute; in hours or days where it is a whole number."""
    minutes = max(1, round(seconds / 60))
    for unit, size in (("day", 24 * 60), ("hour", 60)):
        if minutes % size == 0 and minutes > size:  # "24 hours" is the common form of one day
            return f"{minutes // size} {unit}s"
    if minutes == 60:
        return "1 hour"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"
