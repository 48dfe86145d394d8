"""The text form of the master key: 32 random bytes in base64url, optionally several with commas."""

import secrets

from flask_watchword.jose.encoding import b64url_decode
from flask_watchword.keys.encryption import KEY_BYTES

#: The command that generates a master key.
MAKE_MASTER_KEY = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"


def new_master_key() -> str:
    """Generate a master key."""
    return secrets.token_urlsafe(KEY_BYTES)


def read_master_keys(text: str) -> tuple[bytes, ...]:
    """Read one master key, or several separated by commas: the first encrypts, all decrypt.

    Raises:
        ValueError: when one is not 32 bytes in unpadded base64url. The message does not repeat the
            text, which may be a mistyped key.
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
