"""Parse the URL of a mail server: ``smtp://user:password@mail.example.com:587``."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from flask_watchword.infra.mail.smtp import Security, SmtpServer

#: Security of the connection and default port, by scheme.
_SCHEMES = {
    "smtp": (Security.STARTTLS, 587),
    "smtps": (Security.TLS, 465),
    "smtp+plain": (Security.NONE, 25),
}

_WANTED = "is not a URL like smtp://user:password@host:587, smtps://…, smtp+plain://host:25"


@dataclass(frozen=True, slots=True)
class SmtpUrl:
    """The parts of the URL.

    Attributes:
        host: name of the server.
        port: port of the server.
        security: how the connection is protected.
        user: user name to authenticate with; empty for none.
        password: password of that user.
    """

    host: str
    port: int
    security: Security
    user: str
    password: str = field(repr=False)

    def server(self, sender: str, certificates: Path | None) -> SmtpServer:
        """Return the mail server.

        Args:
            sender: sender address.
            certificates: file of certificates to trust instead of the system's.

        Raises:
            ValueError: when the sender is not an address.
        """
        return SmtpServer(
            host=self.host,
            port=self.port,
            sender=sender,
            security=self.security,
            user=self.user,
            password=self.password,
            certificates=certificates,
        )


def read_smtp_url(text: str) -> SmtpUrl:
    """Parse the URL of a mail server.

    Raises:
        ValueError: when it is invalid; the message does not repeat it.
    """
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError:
        # Its message quotes the text in place of the port, which may be a part of a password.
        raise ValueError(_WANTED) from None
    if url.scheme not in _SCHEMES or not host or url.path.strip("/") or url.query or url.fragment:
        raise ValueError(_WANTED)
    security, default_port = _SCHEMES[url.scheme]
    user = unquote(url.username or "")
    if user and security is Security.NONE:
        raise ValueError("has a password, which needs smtp:// (STARTTLS) or smtps://")
    return SmtpUrl(host, port or default_port, security, user, unquote(url.password or ""))
