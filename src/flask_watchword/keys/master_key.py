"""The master key as text: 32 random bytes in base64url, alone or before those it replaces."""

import secrets

from flask_watchword.jose.encoding import b64url_decode
from flask_watchword.keys.encryption import KEY_BYTES

#: The command that makes one.
MAKE_MASTER_KEY = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"


def new_master_key() -> str:
    """Make a master key."""
    return secrets.token_urlsafe(KEY_BYTES)


def read_master_keys(text: str) -> tuple[bytes, ...]:
    """Read a master key, or several with commas between: the first seals, all of them open.

    Raises:
        ValueError: when one is not 32 bytes in base64url without padding; the text, which may be
            a slip away from a key, is not repeated.
    """
    return tuple(_read(part.strip()) for part in text.split(","))


def _read(text: str) -> bytes:
    try:
        key = b64url_decode(text.encode("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"is not {KEY_BYTES} bytes in base64url; make it with: {MAKE_MASTER_KEY}")
    return key
