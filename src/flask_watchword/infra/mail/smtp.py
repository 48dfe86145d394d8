"""The way out by SMTP (RFC 5321), with TLS wherever anything secret goes through."""

import contextlib
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.headerregistry import Address
from enum import StrEnum
from pathlib import Path

from flask_watchword.accounts.outbox import Mail, Rejected, SendingFailed
from flask_watchword.infra.mail.message import message_of


class Security(StrEnum):
    """How the connection is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail goes out.

    Attributes:
        host: name of the server, which its certificate has to bear.
        port: 587 for STARTTLS, 465 for TLS, 25 or 1025 for none.
        sender: whom mail comes from, ``Name <name@example.com>`` or the address alone.
        security: how the connection is protected. With STARTTLS a server that does not offer it
            gets no message: somebody on the way may have taken the offer out.
        user: whom to sign in as; nobody when empty.
        password: with what.
        certificates: a file of certificates to trust in the place of the system's.
        timeout: seconds that connecting, and each answer, may take.

    Raises:
        ValueError: when the sender is no address, or a password would go over a connection that
            anybody can read.
    """

    host: str
    port: int
    sender: str
    security: Security = Security.STARTTLS
    user: str = ""
    password: str = field(default="", repr=False)
    certificates: Path | None = None
    timeout: float = 10.0

    def __post_init__(self) -> None:
        if self.user and self.security is Security.NONE:
            raise ValueError("a password for SMTP needs starttls or tls")
        sender_address(self.sender)


def sender_address(text: str) -> Address:
    """Return whom mail comes from.

    Raises:
        ValueError: when it is not one address, perhaps with a name in front.
    """
    name, opening, rest = text.strip().rpartition("<")
    spec = rest.removesuffix(">") if opening else text.strip()
    local, at, domain = spec.rpartition("@")
    if not (local and at and domain) or not text.isprintable() or set(spec) & set(' <>,"'):
        raise ValueError("the sender is written as Name <name@example.com>")
    return Address(name.strip().strip('"'), local, domain)


class SmtpTransport:
    """Sends each message over a connection of its own.

    Nothing is kept between messages that could be stale, and no worker shares anything.
    """

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._sender = sender_address(server.sender)
        self._tls = _verifying(server.certificates) if server.security != Security.NONE else None

    def send(self, mail: Mail) -> None:
        """Hand over a message; return when the server has taken it.

        Raises:
            Rejected: when the server refuses it for good (a reply 5xx about the message).
            SendingFailed: for everything that may be over later, a wrong password included: the
                operator's mistake must not lose anybody's mail.
        """
        try:
            message = message_of(mail, self._sender)
        except ValueError as error:
            raise Rejected(f"it cannot be written as a message: {error}") from error
        self._say(lambda connection: connection.send_message(message))

    def send_decoy(self, mail: Mail) -> None:
        """Write a message and connect as :meth:`send` does, and hand over nothing.

        It takes as many round trips as a message: MAIL FROM, two NOOPs for RCPT TO and DATA, RSET.

        Raises:
            SendingFailed: as :meth:`send` would.
        """
        sender = self._sender.addr_spec
        message = message_of(replace(mail, recipient=sender), self._sender)

        def talk(connection: smtplib.SMTP) -> None:
            message.as_bytes()
            connection.ehlo_or_helo_if_needed()
            connection.mail(sender)
            # In the place of the recipient and of the message.
            for _ in range(2):
                connection.noop()
            connection.rset()

        self._say(talk)

    def _say(self, talk: Callable[[smtplib.SMTP], object]) -> None:
        try:
            self._hand_over(talk)
        except smtplib.SMTPRecipientsRefused as error:
            raise _refused(*next(iter(error.recipients.values()))) from error
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            raise _refused(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPNotSupportedError as error:
            raise SendingFailed(
                f"{self._server.host} does not offer what is needed: {error}"
            ) from error
        except smtplib.SMTPResponseException as error:
            raise SendingFailed(_reply(error.smtp_code, error.smtp_error)) from error
        except (OSError, smtplib.SMTPException) as error:
            raise SendingFailed(f"{self._server.host} cannot be reached: {error}") from error

    def greet(self) -> None:
        """Connect as for a message, with TLS where it is wanted, and hand over none.

        Raises:
            SendingFailed: when the server cannot be reached, or not in that way.
        """
        host = self._server.host
        try:
            connection = self._connected()
        except smtplib.SMTPNotSupportedError as error:
            raise SendingFailed(f"{host} does not offer what is needed: {error}") from error
        except (OSError, smtplib.SMTPException) as error:
            raise SendingFailed(f"{host} cannot be reached: {error}") from error
        with contextlib.suppress(OSError, smtplib.SMTPException):
            connection.quit()
        connection.close()

    def _hand_over(self, talk: Callable[[smtplib.SMTP], object]) -> None:
        connection = self._connected()
        try:
            if self._server.user:
                connection.login(self._server.user, self._server.password)
            talk(connection)
            # It has been taken: what goes wrong in parting is no reason to send it again.
            with contextlib.suppress(OSError, smtplib.SMTPException):
                connection.quit()
        finally:
            connection.close()

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        if server.security is Security.TLS:
            return smtplib.SMTP_SSL(
                server.host, server.port, timeout=server.timeout, context=self._tls
            )
        connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout)
        if server.security is Security.STARTTLS:
            try:
                connection.starttls(context=self._tls)
            except BaseException:
                connection.close()
                raise
        return connection


def _verifying(certificates: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=None if certificates is None else str(certificates))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _refused(code: int, reply: bytes | str) -> SendingFailed:
    kind: type[SendingFailed] = Rejected if 500 <= code < 600 else SendingFailed
    return kind(_reply(code, reply))


def _reply(code: int, reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return f"the server answered {code} {' '.join(text.split())}"
