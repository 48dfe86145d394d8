"""A mail server as one URL: ``smtp://user:password@mail.example.com:587``."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from flask_watchword.infra.mail.smtp import Security, SmtpServer

#: How the connection is protected, and the usual port, by scheme.
_SCHEMES = {
    "smtp": (Security.STARTTLS, 587),
    "smtps": (Security.TLS, 465),
    "smtp+plain": (Security.NONE, 25),
}

_WANTED = "is no URL of these: smtp://user:password@host:587, smtps://…, smtp+plain://host:25"


@dataclass(frozen=True, slots=True)
class SmtpUrl:
    """What such a URL says.

    Attributes:
        host: name of the server.
        port: where it listens.
        security: how the connection is protected.
        user: whom to sign in as; nobody when empty.
        password: with what.
    """

    host: str
    port: int
    security: Security
    user: str
    password: str = field(repr=False)

    def server(self, sender: str, certificates: Path | None) -> SmtpServer:
        """Return the server that it means.

        Args:
            sender: whom mail comes from.
            certificates: a file of certificates to trust in the place of the system's.

        Raises:
            ValueError: when the sender is no address.
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
    """Return what the URL of a mail server says.

    Raises:
        ValueError: when it is none; the message does not repeat it.
    """
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError:
        # Quotes what stands where the port should, which may be a part of a password.
        raise ValueError(_WANTED) from None
    if url.scheme not in _SCHEMES or not host or url.path.strip("/") or url.query or url.fragment:
        raise ValueError(_WANTED)
    security, usual = _SCHEMES[url.scheme]
    user = unquote(url.username or "")
    if user and security is Security.NONE:
        raise ValueError("has a password, which needs smtp:// (STARTTLS) or smtps://")
    return SmtpUrl(host, port or usual, security, user, unquote(url.password or ""))
