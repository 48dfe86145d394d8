"""Firebase's modified scrypt, with the project's parameters in each hash.

Firebase exports the digest and the salt of each user, and shows the other parameters once for the
whole project. The format here, which contains all of them, is that of Supabase Auth.
"""

import hmac
import re

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from flask_watchword.accounts.imported_hashes.encodings import BASE64, decode_base64
from flask_watchword.accounts.imported_hashes.scheme import Scheme, Verifier
from flask_watchword.accounts.imported_hashes.scrypt import ScryptCost

_KEY_BYTES = 32
_NO_NONCE = bytes(16)


def _read(found: re.Match[str]) -> Verifier:
    cost = ScryptCost(1 << int(found["memory_cost"]), int(found["rounds"]), p=1)
    salt = decode_base64(found["salt"]) + decode_base64(found["separator"])
    signer_key, digest = decode_base64(found["signer_key"]), decode_base64(found["digest"])

    def verify(password: bytes) -> bool:
        # scrypt derives a key, and the digest is the project's signer key encrypted with it.
        key = cost.derive(password, salt, _KEY_BYTES)
        encrypted = Cipher(AES256(key), CTR(_NO_NONCE)).encryptor().update(signer_key)
        return hmac.compare_digest(encrypted, digest)

    return verify


FIREBASE_SCHEMES = (
    Scheme(
        "Firebase's scrypt",
        "$fbscrypt$",
        re.compile(
            r"\$fbscrypt\$v=1,n=(?P<memory_cost>[0-9]{1,2}),r=(?P<rounds>[0-9]{1,3}),p=1"
            rf",ss=(?P<separator>(?:{BASE64})?),sk=(?P<signer_key>[A-Za-z0-9+/_-]{{86}}={{0,2}})"
            rf"\$(?P<salt>{BASE64})\$(?P<digest>[A-Za-z0-9+/_-]{{86}}={{0,2}})"
        ),
        _read,
    ),
)
