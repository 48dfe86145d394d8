"""Verify password hashes of other software, so that accounts can be imported with passwords.

Such hashes are never created here: the next login replaces each with an argon2id hash.
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
    """Tell whether the hash matches this password.

    Raises:
        UnusableHash: if its kind is not supported, or a parameter is out of bounds.
    """
    verify = _verifier(password_hash)
    return any(verify(form) for form in password_forms(password))


def check_imported(password_hash: str) -> None:
    """Reject a hash that :func:`verify_imported` cannot verify.

    Raises:
        UnusableHash: if its kind is not supported, or a parameter is out of bounds.
    """
    _verifier(password_hash)


def password_forms(password: str) -> list[bytes]:
    """Return the bytes that other software may have hashed: the password as entered, and in NFC.

    The supported systems hash a password as entered. The same accent may be entered as one
    character on one keyboard and as two on another, so NFC is tried as well.
    """
    forms = dict.fromkeys((password, unicodedata.normalize("NFC", password)))
    # "surrogatepass", because a client may send lone surrogates.
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
            return f"it begins like a hash of {scheme.name} but is malformed or truncated"
    return "it is not a hash of a supported kind"
