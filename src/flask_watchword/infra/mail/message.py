"""Build an e-mail message (RFC 5322, MIME)."""

from datetime import UTC, datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from email_validator import EmailNotValidError, validate_email

from flask_watchword.accounts.outbox import Mail


def message_of(mail: Mail, sender: Address) -> EmailMessage:
    """Return the message; two calls for one mail return the same Message-ID and Date.

    Args:
        mail: the mail to send.
        sender: address of the sender.

    Raises:
        ValueError: when an address could be parsed as several.
    """
    message = EmailMessage(policy=policy.SMTP)
    # Address objects instead of text: each is one mailbox, whatever characters it contains.
    message["From"] = sender
    message["To"] = _address(mail.recipient)
    message["Subject"] = mail.body.subject
    message["Date"] = format_datetime(datetime.fromtimestamp(int(mail.created_at), UTC))
    message["Message-ID"] = f"<{mail.id}@{sender.domain.encode('idna').decode()}>"
    # RFC 3834 section 5: no automatic replies, such as out-of-office messages.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body.text)
    message.add_alternative(mail.body.html, subtype="html")
    return message


def _address(text: str) -> Address:
    # Mail servers need the ASCII form of the domain. The `idna` codec of the standard library has
    # older rules, which turn some domains into others, straße.de into strasse.de.
    try:
        valid = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError("the recipient is not an e-mail address") from error
    return Address(username=valid.local_part, domain=valid.ascii_domain)
