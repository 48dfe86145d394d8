"""Verify hashes that other software made, as that software did.

So accounts can be moved with their passwords. Such hashes are never made here: the next login
replaces each by argon2id.
"""

import unicodedata

from flask_watchword.accounts.imported_hashes.aspnet import ASPNET_SCHEMES
from flask_watchword.accounts.imported_hashes.bcrypt_hashes import BCRYPT_SCHEMES
from flask_watchword.accounts.imported_hashes.django import DJANGO_SCHEMES
from flask_watchword.accounts.imported_hashes.firebase import FIREBASE_SCHEMES
from flask_watchword.accounts.imported_hashes.keycloak import KEYCLOAK_SCHEMES
from flask_watchword.accounts.imported_hashes.passlib import PASSLIB_SCHEMES
from flask_watchword.accounts.imported_hashes.scheme import Scheme, UnusableHash, Verifier
from flask_watchword.accounts.imported_hashes.unsupported import name_unsupported
from flask_watchword.accounts.imported_hashes.werkzeug import WERKZEUG_SCHEMES
from flask_watchword.accounts.imported_hashes.wordpress import WORDPRESS_SCHEMES

SCHEMES: tuple[Scheme, ...] = (
    *BCRYPT_SCHEMES,
    *DJANGO_SCHEMES,
    *WERKZEUG_SCHEMES,
    *PASSLIB_SCHEMES,
    *FIREBASE_SCHEMES,
    *WORDPRESS_SCHEMES,
    *ASPNET_SCHEMES,
    *KEYCLOAK_SCHEMES,
)


def verify_imported(password_hash: str, password: str) -> bool:
    """Tell whether the hash was made of this password.

    Raises:
        UnusableHash: when it is of no supported kind, or exceeds a bound.
    """
    verify = _verifier(password_hash)
    return any(verify(form) for form in password_forms(password))


def check_imported(password_hash: str) -> None:
    """Refuse a hash that :func:`verify_imported` cannot verify.

    Raises:
        UnusableHash: when it is of no supported kind, or exceeds a bound.
    """
    _verifier(password_hash)


def password_forms(password: str) -> list[bytes]:
    """Return the bytes that other software may have hashed: as they were typed, or in NFC.

    The systems that are supported hash a password as it is typed. The same accent may be typed on
    one keyboard as one character and on another as two, so that NFC is tried as well.
    """
    forms = dict.fromkeys((password, unicodedata.normalize("NFC", password)))
    # Whatever a client sent has bytes, lone surrogates too.
    return [form.encode("utf-8", "surrogatepass") for form in forms]


def _verifier(password_hash: str) -> Verifier:
    for scheme in SCHEMES:
        found = scheme.pattern.fullmatch(password_hash)
        if found is not None:
            return scheme.read(found)
    raise UnusableHash(_reason(password_hash))


def _reason(password_hash: str) -> str:
    unsupported = name_unsupported(password_hash)
    if unsupported is not None:
        return f"this kind of hash is not supported: {unsupported}"
    for scheme in SCHEMES:
        if password_hash.startswith(scheme.prefix):
            return f"it begins like a hash of {scheme.name} and is malformed or cut off"
    return "it is not a hash of a supported kind"
