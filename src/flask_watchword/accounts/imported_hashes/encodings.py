"""Variants of base64 in other software."""

import base64
import binascii

from flask_watchword.accounts.imported_hashes.scheme import UnusableHash

#: A text in the standard or in the URL-safe alphabet (RFC 4648 sections 4 and 5).
BASE64 = r"[A-Za-z0-9+/_-]+={0,2}"

_STANDARD = str.maketrans("-_", "+/")


def decode_base64(text: str) -> bytes:
    """Return the bytes of a padded text in either alphabet.

    Raises:
        UnusableHash: if the text is not base64, for example because it was truncated.
    """
    try:
        return base64.b64decode(text.translate(_STANDARD), validate=True)
    except binascii.Error as error:
        raise UnusableHash("a part of it is not base64; it may be truncated") from error


def decode_passlib_base64(text: str) -> bytes:
    """Return the bytes of a text in passlib's form: unpadded, with ``.`` for ``+``.

    Raises:
        UnusableHash: if the text is not base64.
    """
    return decode_base64(text.replace(".", "+") + "=" * (-len(text) % 4))
