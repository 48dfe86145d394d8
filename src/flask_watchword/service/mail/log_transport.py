"""Print e-mail to the log when no mail server is configured, for development."""

import logging

from flask_watchword.accounts.outbox import Mail

_log = logging.getLogger("flask_watchword.mail")


class LogTransport:
    """Log messages instead of sending them. Readers of the log can use the links."""

    def send(self, mail: Mail) -> None:
        """Log a message; unprintable characters are replaced, since a client may have sent them."""
        lines = [f"To: {mail.recipient}", f"Subject: {mail.body.subject}", ""]
        lines += mail.body.text.splitlines()
        printable = ("".join(map(_printable, line)) for line in lines)
        message = "\n".join(f"  | {line}" for line in printable)
        _log.warning("No mail server is configured. This would have been sent:\n%s", message)

    def send_decoy(self, mail: Mail) -> None:
        """Log nothing: readers of the log know which accounts exist anyway."""


def _printable(character: str) -> str:
    return character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
