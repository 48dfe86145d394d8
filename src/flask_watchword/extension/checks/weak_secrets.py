"""Secrets that are none: short ones, placeholders that nobody has replaced, and patterns."""

import re

#: RFC 7518 section 3.2: a key for HS256 has at least the 32 bytes of the hash.
MIN_BYTES = 32

#: What stands in examples and tutorials where a secret belongs.
_PLACEHOLDERS = re.compile(
    "change[-_ ]?me|changeit|change[-_ ]?this|replace[-_ ]?(me|this)|your[-_ ]|super[-_ ]?secret"
    "|secret|passw(or)?d|example|insecure|default|letmein|qwerty|12345|abcdef|admin|dummy"
    "|random[-_ ]bytes",
    re.IGNORECASE,
)
#: Random text in base64url of 22 characters has some 18 different ones, in hex of 32 some 14.
_FEWEST_DIFFERENT = 8


def weakness(secret: str | bytes, least: int = MIN_BYTES) -> str | None:
    """Return why a secret is guessed early; ``None`` for one that looks random.

    A placeholder in a random text is rare: of those of 43 characters one of a million has a given
    word of five letters.

    Args:
        secret: the secret.
        least: bytes that it should have.
    """
    data = secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else secret
    text = data.decode("latin-1")
    if _PLACEHOLDERS.search(text):
        # Which is not repeated: it may be all there is.
        return "is a placeholder, as examples have, or has one in it"
    if len(data) < least:
        return f"has {len(data)} bytes, fewer than {least}"
    if len(set(data)) < _FEWEST_DIFFERENT:
        return f"is made of {len(set(data))} different characters"
    if _is_repeated(data):
        return "says one short text again and again"
    return None


def _is_repeated(data: bytes) -> bool:
    # A text is a repetition where it occurs in itself, put twice, before its own length.
    return (data + data).find(data, 1) < len(data)
