"""A real SMTP server inside the test process, with its own certificate."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

USER, PASSWORD = "watchword", "the mail server's"


@dataclass
class Received:
    """The messages that a server has received, and its responses.

    Attributes:
        messages: every message, with all its headers.
        envelopes: sender and recipients of each.
        over_tls: whether each was sent over TLS.
        answer: the response to the message, if not OK.
        recipient_answer: the response to each recipient, if not OK.
        hangs_up: whether the server disconnects at QUIT.
        asked: the commands except the first and the last, and the authentication mechanisms.
    """

    messages: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    over_tls: list[bool] = field(default_factory=list)
    answer: str = ""
    recipient_answer: str = ""
    hangs_up: bool = False
    asked: list[str] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802 - the server calls it by this name
        self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        self.asked.append("MAIL")
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_NOOP(self, *_: Any) -> str:  # noqa: N802
        self.asked.append("NOOP")
        return "250 OK"

    async def handle_RSET(self, *_: Any) -> str:  # noqa: N802
        self.asked.append("RSET")
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - the server calls it by this name
        self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self.recipient_answer:
            return self.recipient_answer
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answer:
            return self.answer
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        self.over_tls.append(session.ssl is not None)
        return "250 OK"

    async def handle_QUIT(self, server: Any, _session: Any, _envelope: Any) -> str:  # noqa: N802
        if self.hangs_up:
            server.transport.abort()
        return "221 Bye"


@contextmanager
def running_smtp(
    tls: ssl.SSLContext | None = None,
    *,
    from_the_start: bool = False,
    sign_in: bool = False,
    handler: object = None,
) -> Iterator[tuple[Received, int]]:
    """Yield a server and its port.

    Args:
        tls: its certificate; without one it offers no TLS.
        from_the_start: implicit TLS instead of STARTTLS.
        sign_in: whether it requires authentication.
        handler: an aiosmtpd handler, in place of the one that stores the messages.
    """
    received = Received()
    options: dict[str, Any] = {"auth_required": sign_in, "auth_require_tls": not from_the_start}
    if sign_in:
        options["authenticator"] = _authenticate
    if tls is not None:
        options |= (
            {"ssl_context": tls}
            if from_the_start
            else {"tls_context": tls, "require_starttls": True}
        )
    controller = _OnAnyPort(handler or received, hostname="127.0.0.1", port=0, **options)
    controller.start()
    try:
        yield received, controller.port
    finally:
        controller.stop()


class _OnAnyPort(Controller):
    """A controller that lets the system choose the port."""

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


def _authenticate(_server: Any, _session: Any, _envelope: Any, _how: str, data: Any) -> AuthResult:
    given = data if isinstance(data, LoginPassword) else LoginPassword(b"", b"")
    right = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)
