"""Identify unsupported hashes, so that the error message can name the kind."""

import re

_FAST = "it is computed too fast to protect a password"

# The kind of each pattern, and why it is not accepted. The first match counts.
_KINDS = tuple(
    (re.compile(pattern, re.DOTALL), why)
    for pattern, why in (
        (r"", "it is empty"),
        (r"!.*", "Django's marker for a user without a password"),
        (r"\*.?", "the marker for a user without a password"),
        (r"[0-9a-fA-F]{32}|md5\$\$.*|unsalted_md5\$.*", f"an unsalted MD5 or NTLM hash: {_FAST}"),
        (r"[0-9a-fA-F]{40}|sha1\$\$.*|unsalted_sha1\$.*", f"an unsalted SHA-1 hash: {_FAST}"),
        (r"[0-9a-fA-F]{64}", f"an unsalted SHA-256 hash: {_FAST}"),
        (r"[0-9a-fA-F]{96}|[0-9a-fA-F]{128}", f"an unsalted SHA-2 hash: {_FAST}"),
        (r"\*[0-9A-F]{40}", f"a hash of MySQL's PASSWORD(): {_FAST}"),
        (r"(?:plain|crypt)\$.*|\{CRYPT\}.*", "plain text or a hash based on DES"),
        (r"md5\$.*|\{S?MD5\}.*", f"a hash of one round of MD5: {_FAST}"),
        (r"sha1\$.*|\{S?SHA\}.*", f"a hash of one round of SHA-1: {_FAST}"),
        (r"(?:sha|hmac-sha)[0-9]+\$.*|\{S?SHA[0-9]+\}.*", f"a hash of one round of SHA-2: {_FAST}"),
        (r"\$(?:1|apr1)\$.*", "md5-crypt"),
        (r"\$5\$.*", "sha256-crypt"),
        (r"\$6\$.*", "sha512-crypt"),
        (r"\$7\$.*|\$scrypt\$.*", "scrypt in another format than Django's and Werkzeug's"),
        (r"\$g?y\$.*", "yescrypt"),
        (r"\$2x?\$.*", "bcrypt of a faulty version, $2$ or $2x$"),
        (r"\$bcrypt-sha256\$.*", "passlib's bcrypt_sha256"),
        (r"\$pbkdf2(?:-sha1)?\$.*|\$p5k2\$.*", "PBKDF2 with SHA-1 in passlib's format"),
        (r"U?\$[SH]\$.*", "phpass of Drupal or phpBB"),
        (r"AA[A-Za-z0-9+/]{64}==", "ASP.NET Identity version 2"),
        (r"pbkdf2:(?!sha1:|sha256:|sha512:).*", "Werkzeug's PBKDF2 with another hash function"),
        (r"keycloak\$(?!pbkdf2).*", "a Keycloak credential other than PBKDF2"),
    )
)


def name_unsupported(stored: str) -> str | None:
    """Return the kind of an unsupported hash and the reason; ``None`` if it is not recognised."""
    return next((why for pattern, why in _KINDS if pattern.fullmatch(stored)), None)
