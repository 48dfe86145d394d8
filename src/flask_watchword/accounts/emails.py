"""When two e-mail addresses are the same one, and whether mail can be sent to one at all."""

import unicodedata

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

#: RFC 5321 section 4.5.3.1.3 allows a path of 256 octets, the angle brackets included.
MAX_EMAIL_CHARACTERS = 254

#: What an encoded word begins with. None may stand in an address (RFC 2047 section 5), and what
#: writes or reads a header would decode it: into other recipients, or into further headers.
ENCODED_WORD = "=?"


class InvalidEmail(ValueError):
    """An address nobody could receive mail at; the message says why."""


def email_key(email: str) -> str:
    """Return the form in which addresses are compared: one mailbox, one key.

    Before the @ it is the compatibility caseless match of Unicode (chapter 3, definition D146),
    behind it the domain as the DNS compares it: ASCII, in lower case (RFC 5891). So ``BÜCHER.de``
    and ``xn--bcher-kva.de`` are one domain, ``straße.de`` and ``strasse.de`` are two. What is no
    address has a key as well, which no user has. What it returns is a fixed point.
    """
    text = email.strip()
    if text.isascii() and "xn--" not in text.lower():
        return text.lower()
    return _international_key(text).strip()


def check_email(email: str) -> str:
    """Return the address as it is shown, without surrounding white space.

    Its compatibility form is what is examined, since that is where mail goes to: by
    ``email-validator``, without asking the DNS. Of the names that RFC 6761 sets apart ``.test``
    is allowed; ``localhost``, ``.local``, ``.invalid``, ``.onion`` and names without a dot are not.

    Raises:
        InvalidEmail: when no mail could be sent there.
    """
    shown = email.strip()
    # Printable excludes control characters and lone surrogates, which no database would store.
    if not shown.isprintable():
        raise InvalidEmail("an e-mail address holds no control characters")
    if max(len(shown), len(mailbox(shown)), len(email_key(shown))) > MAX_EMAIL_CHARACTERS:
        raise InvalidEmail(f"an e-mail address has at most {MAX_EMAIL_CHARACTERS} characters")
    if ENCODED_WORD in mailbox(shown):
        raise InvalidEmail("an e-mail address holds no encoded words")
    try:
        _validated(mailbox(shown))
    except EmailNotValidError as error:
        raise InvalidEmail(_sentence(str(error))) from error
    return shown


def mailbox(email: str) -> str:
    """Return the address that mail for ``email`` is sent to: its compatibility form (NFKC).

    An address typed in full-width letters is meant to be the plain one.
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
    # Any name before the @ will do: what stands there has no part in this.
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
