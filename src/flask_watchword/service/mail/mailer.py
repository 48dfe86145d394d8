"""Letters of the accounts become mail in the outbox."""

from urllib.parse import quote

from flask_watchword.accounts.notifications import Notification, NotificationKind
from flask_watchword.accounts.outbox import Mail, Outbox, new_mail
from flask_watchword.clock import Clock
from flask_watchword.service.mail.rendering import MailTemplates

#: Seconds for which a letter without a code is worth sending.
_NOTICE_SECONDS = 86_400.0

#: The pages that use a code, below the public address. The code stands behind ``#``, which no
#: browser sends to a server: neither a log nor a Referer has it.
PAGES = {
    NotificationKind.VERIFY_EMAIL: "verify-email",
    NotificationKind.RESET_PASSWORD: "reset-password",
    NotificationKind.SET_PASSWORD: "reset-password",
    NotificationKind.CHANGE_EMAIL: "change-email",
}

# As long as a real letter of the kind that is asked for most, so that it costs the same.
_NOBODYS = Notification(NotificationKind.RESET_PASSWORD, "nobody@example.com", "0" * 43)


class OutboxMailer:
    """Puts letters into an outbox; sending them is somebody else's.

    Args:
        outbox: over the connection of the change that a letter is about.
        templates: the words.
        public_url: where the service is reached, as configured, without a slash at its end; empty
            where that is not known, and then letters have the code alone.
        clock: what time it is.
    """

    def __init__(
        self, outbox: Outbox, templates: MailTemplates, public_url: str, clock: Clock
    ) -> None:
        self._outbox = outbox
        self._templates = templates
        self._public_url = public_url
        self._clock = clock

    def send(self, letter: Notification) -> None:
        """Keep a letter that has to be sent."""
        self._outbox.put(self._mail(letter))

    def send_nothing(self) -> None:
        """Do the work of :meth:`send` for a letter that nobody gets."""
        self._outbox.put_decoy(self._mail(_NOBODYS))

    def _mail(self, letter: Notification) -> Mail:
        now = self._clock()
        lifetime = _NOTICE_SECONDS
        if letter.expires_at is not None:
            lifetime = max(0.0, letter.expires_at - now)
        body = self._templates.render(
            letter.kind,
            email=letter.recipient,
            code=letter.code or "",
            link=self._link(letter),
            within=in_words(lifetime),
            about=letter.about,
            items=letter.items,
        )
        return new_mail(letter.kind, letter.recipient, body, now, lifetime)

    def _link(self, letter: Notification) -> str:
        page = PAGES.get(letter.kind)
        if not (page and letter.code and self._public_url):
            return ""
        return f"{self._public_url}/{page}#code={quote(letter.code, safe='')}"


def in_words(seconds: float) -> str:
    """Return how long something is good as people say it: to the minute, hours and days whole."""
    minutes = max(1, round(seconds / 60))
    for unit, size in (("day", 24 * 60), ("hour", 60)):
        if minutes % size == 0 and minutes > size:  # "24 hours" is what everybody says of one day
            return f"{minutes // size} {unit}s"
    if minutes == 60:
        return "1 hour"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"
