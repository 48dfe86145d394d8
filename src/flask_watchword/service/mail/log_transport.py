"""The way out where no mail server is configured: the log, for who tries the service out."""

import logging

from flask_watchword.accounts.outbox import Mail

_log = logging.getLogger("flask_watchword.mail")


class LogTransport:
    """Prints messages instead of sending them. Whoever reads the log can follow the links."""

    def send(self, mail: Mail) -> None:
        """Print a message; what it quotes of a client does nothing to a terminal."""
        lines = [f"To: {mail.recipient}", f"Subject: {mail.body.subject}", ""]
        lines += mail.body.text.splitlines()
        shown = ("".join(map(_harmless, line)) for line in lines)
        letter = "\n".join(f"  | {line}" for line in shown)
        _log.warning("No mail server is configured. This would have been sent:\n%s", letter)

    def send_decoy(self, mail: Mail) -> None:
        """Print nothing: readers of the log know the accounts anyway."""


def _harmless(character: str) -> str:
    return character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
