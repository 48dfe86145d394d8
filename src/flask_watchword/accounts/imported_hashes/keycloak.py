"""PBKDF2 hashes of Keycloak. Its argon2 hashes have the standard form.

Keycloak exports a credential as two JSON documents. The format here contains their values
unchanged: ``keycloak$algorithm$hashIterations$salt$value``.
"""

import re

from flask_watchword.accounts.imported_hashes.encodings import BASE64, decode_base64
from flask_watchword.accounts.imported_hashes.pbkdf2 import pbkdf2_verifier
from flask_watchword.accounts.imported_hashes.scheme import Scheme, Verifier

_ALGORITHMS = {"pbkdf2": "sha1", "pbkdf2-sha256": "sha256", "pbkdf2-sha512": "sha512"}


def _read(found: re.Match[str]) -> Verifier:
    salt, digest = decode_base64(found["salt"]), decode_base64(found["digest"])
    return pbkdf2_verifier(_ALGORITHMS[found["algorithm"]], salt, int(found["iterations"]), digest)


KEYCLOAK_SCHEMES = (
    Scheme(
        "Keycloak's PBKDF2",
        "keycloak$pbkdf2",
        re.compile(
            rf"keycloak\$(?P<algorithm>{'|'.join(_ALGORITHMS)})\$(?P<iterations>[0-9]{{1,9}})"
            rf"\$(?P<salt>{BASE64})\$(?P<digest>{BASE64})"
        ),
        _read,
    ),
)
