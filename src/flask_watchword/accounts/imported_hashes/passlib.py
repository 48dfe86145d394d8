"""PBKDF2 hashes of passlib. Its bcrypt and argon2 hashes have the standard forms."""

import re

from flask_watchword.accounts.imported_hashes.encodings import decode_passlib_base64
from flask_watchword.accounts.imported_hashes.pbkdf2 import pbkdf2_verifier
from flask_watchword.accounts.imported_hashes.scheme import Scheme, Verifier


def _read(found: re.Match[str]) -> Verifier:
    salt, digest = decode_passlib_base64(found["salt"]), decode_passlib_base64(found["digest"])
    return pbkdf2_verifier(found["algorithm"], salt, int(found["iterations"]), digest)


def _scheme(algorithm: str, characters: int) -> Scheme:
    name = f"pbkdf2-{algorithm}"
    pattern = re.compile(
        rf"\$pbkdf2-(?P<algorithm>{algorithm})\$(?P<iterations>[0-9]{{1,9}})"
        rf"\$(?P<salt>[./A-Za-z0-9]{{2,172}})\$(?P<digest>[./A-Za-z0-9]{{{characters}}})"
    )
    return Scheme(f"passlib's {name}", f"${name}$", pattern, _read)


PASSLIB_SCHEMES = (_scheme("sha256", 43), _scheme("sha512", 86))
