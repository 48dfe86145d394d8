"""Sending by SMTP to a real server."""

import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flask_watchword.accounts.outbox import Body, Mail, Rejected, SendingFailed, new_mail
from flask_watchword.infra.mail.smtp import Security, SmtpServer, SmtpTransport
from tests.servers.certificates import certificate_for
from tests.servers.smtp import PASSWORD, USER, running_smtp

NOW = 1_700_000_000.0
SENDER = "Watch & Word <no-reply@example.com>"
MAIL = new_mail(
    "verify_email",
    "ada@example.com",
    Body("Grüße", "Your code:\n.\n4711\n", "<p>4711 &amp; ä</p>\n"),
    NOW,
)


def server(port: int, **options: Any) -> SmtpServer:
    return SmtpServer("127.0.0.1", port, SENDER, **({"security": Security.NONE} | options))


def send(port: int, mail: Mail = MAIL, **options: Any) -> None:
    SmtpTransport(server(port, **options)).send(mail)


def test_message_arrives_with_both_parts_and_every_required_header() -> None:
    with running_smtp() as (received, port):
        send(port)
    (message,) = received.messages
    assert received.envelopes == [("no-reply@example.com", ["ada@example.com"])]
    assert message["From"] == '"Watch & Word" <no-reply@example.com>' or message["From"] == SENDER
    assert message["To"] == "ada@example.com"
    assert message["Subject"] == "Grüße"
    assert message["Date"] == "Tue, 14 Nov 2023 22:13:20 +0000"
    assert message["Message-ID"] == f"<{MAIL.id}@example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == MAIL.body.text
    assert html.get_content().replace("\r\n", "\n") == MAIL.body.html


def test_message_sent_again_is_identical() -> None:
    with running_smtp() as (received, port):
        send(port)
        send(port)
    first, second = received.messages
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]


DECOY = replace(MAIL, recipient="")


def test_decoy_takes_as_many_round_trips_as_a_message_and_is_not_sent(tmp_path: Path) -> None:
    context, trusted = certificate_for("127.0.0.1", tmp_path)
    options: dict[str, Any] = {
        "security": Security.STARTTLS,
        "user": USER,
        "password": PASSWORD,
        "certificates": trusted,
    }
    with running_smtp(context, sign_in=True) as (received, port):
        SmtpTransport(server(port, **options)).send_decoy(DECOY)
    assert received.messages == []
    # A message has MAIL, RCPT, DATA and its text.
    assert received.asked == ["MAIL", "NOOP", "NOOP", "RSET"]


def test_decoy_fails_like_a_message_without_a_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(SendingFailed, match="cannot be reached"):
        SmtpTransport(server(port)).send_decoy(DECOY)


def test_international_domain_is_sent_in_its_ascii_form() -> None:
    with running_smtp() as (received, port):
        send(port, new_mail("verify_email", "ada@straße.de", MAIL.body, NOW))
    assert received.envelopes[0][1] == ["ada@xn--strae-oqa.de"]


def test_starttls_protects_the_message_and_the_password(tmp_path: Path) -> None:
    context, trusted = certificate_for("127.0.0.1", tmp_path)
    with running_smtp(context, sign_in=True) as (received, port):
        send(
            port,
            security=Security.STARTTLS,
            certificates=trusted,
            user=USER,
            password=PASSWORD,
        )
    assert received.over_tls == [True]


def test_implicit_tls_works_as_well(tmp_path: Path) -> None:
    context, trusted = certificate_for("127.0.0.1", tmp_path)
    with running_smtp(context, from_the_start=True) as (received, port):
        send(port, security=Security.TLS, certificates=trusted)
    assert len(received.messages) == 1


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_no_message_is_sent_to_a_server_with_an_untrusted_certificate(
    tmp_path: Path, security: Security
) -> None:
    context, _ = certificate_for("127.0.0.1", tmp_path)
    with (
        running_smtp(context, from_the_start=security is Security.TLS) as (received, port),
        pytest.raises(SendingFailed, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        send(port, security=security)
    assert received.messages == []


def test_no_message_is_sent_to_a_server_with_a_certificate_for_another_name(tmp_path: Path) -> None:
    context, trusted = certificate_for("mail.example.com", tmp_path)
    with (
        running_smtp(context) as (received, port),
        pytest.raises(SendingFailed, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        send(port, security=Security.STARTTLS, certificates=trusted)
    assert received.messages == []


def test_no_message_is_sent_to_a_server_without_starttls() -> None:
    with running_smtp() as (received, port), pytest.raises(SendingFailed, match="does not offer"):
        send(port, security=Security.STARTTLS)
    assert received.messages == []


def test_wrong_password_is_a_configuration_error_and_loses_no_mail(tmp_path: Path) -> None:
    context, trusted = certificate_for("127.0.0.1", tmp_path)
    with (
        running_smtp(context, sign_in=True) as (received, port),
        pytest.raises(SendingFailed) as failure,
    ):
        send(
            port,
            security=Security.STARTTLS,
            certificates=trusted,
            user=USER,
            password="another",
        )
    assert not isinstance(failure.value, Rejected)
    assert "another" not in str(failure.value)
    assert received.messages == []


@pytest.mark.parametrize("stage", ["answer", "recipient_answer"])
@pytest.mark.parametrize(
    ("reply", "for_good"), [("550 no such user", True), ("451 try later", False)]
)
def test_permanent_rejection_is_final(stage: str, reply: str, *, for_good: bool) -> None:
    with running_smtp() as (received, port):
        setattr(received, stage, reply)
        with pytest.raises(SendingFailed, match=reply) as failure:
            send(port)
    assert isinstance(failure.value, Rejected) == for_good


def test_error_after_the_servers_ok_does_not_send_the_message_again() -> None:
    with running_smtp() as (received, port):
        received.hangs_up = True
        send(port)
    assert len(received.messages) == 1


def test_unreachable_server_is_a_temporary_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(SendingFailed, match=r"127\.0\.0\.1 cannot be reached"):
        send(port)


def test_unresponsive_server_is_abandoned_after_the_timeout() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(SendingFailed, match="timed out"),
    ):
        send(silent.getsockname()[1], timeout=0.2)


@pytest.mark.parametrize("recipient", ["a b@example.com", "ada@ex ample.com", "a@b@c"])
def test_impossible_address_is_rejected_before_connecting(recipient: str) -> None:
    with pytest.raises(Rejected):
        send(1, replace(MAIL, recipient=recipient))


def test_password_over_an_unencrypted_connection_is_rejected() -> None:
    with pytest.raises(ValueError, match="starttls or tls"):
        server(25, user=USER, password=PASSWORD)


@pytest.mark.parametrize("sender", ["", "nobody", "a@b, c@d", "x <a@b>\nBcc: eve@example.com"])
def test_sender_that_is_not_one_address_is_rejected_at_startup(sender: str) -> None:
    with pytest.raises(ValueError, match="written as"):
        SmtpServer("mail.example.com", 587, sender)


def test_password_is_not_in_the_repr() -> None:
    shown = repr(server(587, security=Security.STARTTLS, user=USER, password=PASSWORD))
    assert PASSWORD not in shown
