"""Send e-mail by SMTP (RFC 5321), with TLS whenever a password is sent."""

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
    """A mail server.

    Attributes:
        host: name of the server, which its certificate has to contain.
        port: 587 for STARTTLS, 465 for TLS, 25 or 1025 for none.
        sender: sender address, ``Name <name@example.com>`` or only the address.
        security: how the connection is protected. With STARTTLS, no message is sent to a server
            that does not offer it: an attacker on the network may have removed the offer.
        user: user name to authenticate with; empty for none.
        password: password of that user.
        certificates: file of certificates to trust instead of the system's.
        timeout: time limit in seconds for connecting, and for each reply.

    Raises:
        ValueError: when the sender is not an address, or a password would be sent unencrypted.
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
    """Parse the sender address.

    Raises:
        ValueError: when it is not one address, optionally with a name in front.
    """
    name, opening, rest = text.strip().rpartition("<")
    spec = rest.removesuffix(">") if opening else text.strip()
    local, at, domain = spec.rpartition("@")
    if not (local and at and domain) or not text.isprintable() or set(spec) & set(' <>,"'):
        raise ValueError("the sender is written as Name <name@example.com>")
    return Address(name.strip().strip('"'), local, domain)


class SmtpTransport:
    """Sends each message over a new connection.

    So there are no stale connections, and workers share nothing.
    """

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._sender = sender_address(server.sender)
        self._tls = _verifying(server.certificates) if server.security != Security.NONE else None

    def send(self, mail: Mail) -> None:
        """Send a message; return when the server has accepted it.

        Raises:
            Rejected: when the server rejects the message permanently (a 5xx reply).
            SendingFailed: for every error that may be temporary. A wrong password is one, because
                a wrong configuration must not lose mail.
        """
        try:
            message = message_of(mail, self._sender)
        except ValueError as error:
            raise Rejected(f"it cannot be written as a message: {error}") from error
        self._deliver(lambda connection: connection.send_message(message))

    def send_decoy(self, mail: Mail) -> None:
        """Build a message and connect as :meth:`send` does, but send nothing.

        It takes as many round trips as a message: MAIL FROM, two NOOPs for RCPT TO and DATA, RSET.

        Raises:
            SendingFailed: as :meth:`send` would.
        """
        sender = self._sender.addr_spec
        message = message_of(replace(mail, recipient=sender), self._sender)

        def exchange(connection: smtplib.SMTP) -> None:
            message.as_bytes()
            connection.ehlo_or_helo_if_needed()
            connection.mail(sender)
            # In place of the recipient and of the message.
            for _ in range(2):
                connection.noop()
            connection.rset()

        self._deliver(exchange)

    def _deliver(self, exchange: Callable[[smtplib.SMTP], object]) -> None:
        try:
            self._run(exchange)
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

    def check_connection(self) -> None:
        """Connect as for a message, with TLS if configured, and send nothing.

        Raises:
            SendingFailed: when the server cannot be reached, or does not offer TLS.
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

    def _run(self, exchange: Callable[[smtplib.SMTP], object]) -> None:
        connection = self._connected()
        try:
            if self._server.user:
                connection.login(self._server.user, self._server.password)
            exchange(connection)
            # The message was accepted: an error in QUIT is no reason to send it again.
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
