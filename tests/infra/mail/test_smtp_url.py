import pytest

from flask_watchword.infra.mail.smtp import Security
from flask_watchword.infra.mail.smtp_url import SmtpUrl, read_smtp_url


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("smtp://mail.example.com", SmtpUrl("mail.example.com", 587, Security.STARTTLS, "", "")),
        ("smtps://mail.example.com", SmtpUrl("mail.example.com", 465, Security.TLS, "", "")),
        ("smtp+plain://localhost:1025/", SmtpUrl("localhost", 1025, Security.NONE, "", "")),
        (
            "smtp://ada%40example.com:p%3Aw%2Fd@mail.example.com:2525",
            SmtpUrl("mail.example.com", 2525, Security.STARTTLS, "ada@example.com", "p:w/d"),
        ),
        ("smtps://[2001:db8::1]:465", SmtpUrl("2001:db8::1", 465, Security.TLS, "", "")),
    ],
)
def test_url_contains_host_port_security_and_credentials(text: str, expected: SmtpUrl) -> None:
    assert read_smtp_url(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mail.example.com",
        "http://mail.example.com",
        "smtp://",
        "smtp://host:hidden",
        "smtp://user:hidden@host:port",
        "smtp://host/path",
        "smtp://host?tls=no",
        "smtp://[::1",
        "smtp+plain://user:hidden@host",
    ],
)
def test_invalid_url_is_rejected_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(is not a URL like|has a password)") as refused:
        read_smtp_url(text)
    assert "hidden" not in str(refused.value)


def test_password_is_not_shown() -> None:
    assert "hidden" not in repr(read_smtp_url("smtp://ada:hidden@mail.example.com"))
