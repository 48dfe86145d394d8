"""A message as mail servers and mailboxes read it (RFC 5322, MIME)."""

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
        mail: what to send.
        sender: whom it comes from.

    Raises:
        ValueError: when an address could be read as more than one.
    """
    message = EmailMessage(policy=policy.SMTP)
    # Objects and not texts: each is one mailbox, whatever characters are in it.
    message["From"] = sender
    message["To"] = _address(mail.recipient)
    message["Subject"] = mail.body.subject
    message["Date"] = format_datetime(datetime.fromtimestamp(int(mail.created_at), UTC))
    message["Message-ID"] = f"<{mail.id}@{sender.domain.encode('idna').decode()}>"
    # RFC 3834 section 5: nobody's absence is to answer.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body.text)
    message.add_alternative(mail.body.html, subtype="html")
    return message


def _address(text: str) -> Address:
    # Mail servers want the domain as the DNS knows it. Not by the codec of the standard library:
    # its older rules make other domains of some, straße.de becomes strasse.de.
    try:
        valid = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError("the recipient is no address") from error
    return Address(username=valid.local_part, domain=valid.ascii_domain)
