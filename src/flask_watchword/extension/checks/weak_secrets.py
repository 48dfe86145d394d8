"""Detect weak secrets: short ones, placeholders and patterns."""

import re

#: RFC 7518 section 3.2: a key for HS256 has at least the 32 bytes of the hash.
MIN_BYTES = 32

#: Placeholders for secrets in examples and tutorials.
_PLACEHOLDERS = re.compile(
    "change[-_ ]?me|changeit|change[-_ ]?this|replace[-_ ]?(me|this)|your[-_ ]|super[-_ ]?secret"
    "|secret|passw(or)?d|example|insecure|default|letmein|qwerty|12345|abcdef|admin|dummy"
    "|random[-_ ]bytes",
    re.IGNORECASE,
)
#: 22 random base64url characters have about 18 different ones, 32 hexadecimal digits about 14.
_FEWEST_DIFFERENT = 8


def weakness(secret: str | bytes, least: int = MIN_BYTES) -> str | None:
    """Return why a secret is easy to guess; ``None`` if it looks random.

    False positives are rare: one in a million random texts of 43 characters contains a given word
    of five letters.

    Args:
        secret: the secret.
        least: minimum length in bytes.
    """
    data = secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else secret
    text = data.decode("latin-1")
    if _PLACEHOLDERS.search(text):
        # The message does not repeat it: it may be the whole secret.
        return "is or contains a placeholder from an example"
    if len(data) < least:
        return f"has {len(data)} bytes, fewer than {least}"
    if len(set(data)) < _FEWEST_DIFFERENT:
        return f"has only {len(set(data))} different characters"
    if _is_repeated(data):
        return "repeats a short text"
    return None


def _is_repeated(data: bytes) -> bool:
    # A text is a repetition if it occurs in its own doubled form before its own length.
    return (data + data).find(data, 1) < len(data)
