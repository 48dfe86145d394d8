"""Validate e-mail addresses, and normalise them for comparison."""

import unicodedata

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from flask_watchword.accounts.errors import INVALID_FIELD, Rejected

#: RFC 5321 section 4.5.3.1.3 allows a path of 256 octets, the angle brackets included.
MAX_EMAIL_CHARACTERS = 254

#: The start of an encoded word. An address must not contain one (RFC 2047 section 5): software that
#: writes or reads headers would decode it into other recipients or into further headers.
ENCODED_WORD = "=?"


class InvalidEmail(Rejected, ValueError):
    """An e-mail address that cannot receive mail.

    Args:
        reason: what is wrong with it; also the text of the exception.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(INVALID_FIELD, f"The e-mail address is invalid: {reason}", field="email")
        self.args = (reason,)


def email_key(email: str) -> str:
    """Return the key of an address for comparison: one mailbox, one key.

    Before the @ it is the compatibility caseless match of Unicode (chapter 3, definition D146),
    after it the domain as the DNS compares it: ASCII, in lower case (RFC 5891). So ``BÜCHER.de``
    and ``xn--bcher-kva.de`` are one domain, ``straße.de`` and ``strasse.de`` are two. An invalid
    address has a key too, which no user has. The function is idempotent.
    """
    text = email.strip()
    if text.isascii() and "xn--" not in text.lower():
        return text.lower()
    return _international_key(text).strip()


def check_email(email: str) -> str:
    """Return the address for display, without surrounding white space.

    The compatibility form is validated, because mail is sent to it: with ``email-validator``,
    without DNS queries. Of the special-use names of RFC 6761 ``.test`` is allowed; ``localhost``,
    ``.local``, ``.invalid``, ``.onion`` and names without a dot are not.

    Raises:
        InvalidEmail: if no mail can be sent to it.
    """
    shown = email.strip()
    # Printable excludes control characters and lone surrogates, which no database would store.
    if not shown.isprintable():
        raise InvalidEmail("an e-mail address cannot contain control characters")
    if max(len(shown), len(mailbox(shown)), len(email_key(shown))) > MAX_EMAIL_CHARACTERS:
        raise InvalidEmail(f"an e-mail address has at most {MAX_EMAIL_CHARACTERS} characters")
    if ENCODED_WORD in mailbox(shown):
        raise InvalidEmail("an e-mail address cannot contain encoded words")
    try:
        _validated(mailbox(shown))
    except EmailNotValidError as error:
        raise InvalidEmail(_sentence(str(error))) from error
    return shown


def mailbox(email: str) -> str:
    """Return the address that mail for ``email`` is sent to: its compatibility form (NFKC).

    An address in full-width letters means the plain one.
    """
    return unicodedata.normalize("NFKC", email).strip()


def _validated(address: str) -> ValidatedEmail:
    return validate_email(address, check_deliverability=False, test_environment=True, strict=True)


def _international_key(text: str) -> str:
    if len(text) <= MAX_EMAIL_CHARACTERS:
        name, _, domain = mailbox(text).rpartition("@")
        ascii_domain = _ascii_domain(domain)
        if name and ascii_domain:
            return f"{_folded(name)}@{ascii_domain}"
    return _folded(text)


def _ascii_domain(domain: str) -> str | None:
    # Any name before the @ works: only the domain is validated.
    try:
        return _validated(f"x@{domain}").ascii_domain
    except EmailNotValidError:
        return None


def _folded(text: str) -> str:
    # The second round is needed because folding may undo the normalisation.
    folded = unicodedata.normalize("NFD", text).casefold()
    folded = unicodedata.normalize("NFKD", folded).casefold()
    return unicodedata.normalize("NFKC", folded)


def _sentence(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")
