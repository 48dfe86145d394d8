"""Write the vectors of Django, Werkzeug and passlib with the libraries themselves.

    uv run --no-project --with django==5.2.19 --with werkzeug==3.1.9 --with passlib==1.7.4 \
        --with argon2-cffi==25.1.0 --with "bcrypt==4.0.1" \
        python tests/vectors/imported_hashes/write_python.py

The costs are low so that the tests are fast; `defaults` has one hash of each kind at the cost that
the library chooses by itself. bcrypt stays below 5, which refuses the long password.
"""

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

# None of these is needed by anything else here.
import django  # type: ignore[import-not-found]
from django.conf import settings  # type: ignore[import-not-found]
from django.contrib.auth import hashers  # type: ignore[import-not-found]
from passlib import hash as passlib_hash  # type: ignore[import-untyped]
from werkzeug.security import generate_password_hash

HERE = Path(__file__).parent
#: Plain, with accents in both forms, outside the BMP, longer than 72 bytes, with a NUL.
PASSWORDS = [
    "correct horse battery staple",
    "caf\u00e9 \u043f\u0430\u0440\u043e\u043b\u044c",
    "cafe\u0301",
    "\U0001f40e\U0001f50b",
    "x" * 71 + "\u00e9 and more",
    "nul\0inside",
    " spaces ",
]


def _django() -> Iterator[tuple[str, str, str]]:
    settings.configure()
    django.setup()
    for password in PASSWORDS:
        yield (
            "pbkdf2_sha256",
            password,
            hashers.PBKDF2PasswordHasher().encode(password, "s4lt", 100),
        )
        sha1 = hashers.PBKDF2SHA1PasswordHasher().encode(password, "s4lt", 100)
        yield "pbkdf2_sha1", password, sha1
        scrypt = hashers.ScryptPasswordHasher().encode(password, "s4lt", 16, 8, 2)
        yield "scrypt", password, scrypt
        yield "argon2", password, _argon2().encode(password, "saltsalt")
        for name in ("BCryptSHA256PasswordHasher", "BCryptPasswordHasher"):
            hasher = getattr(hashers, name)()
            hasher.rounds = 4
            yield hasher.algorithm, password, hasher.encode(password, hasher.salt())


def _argon2() -> Any:
    hasher = hashers.Argon2PasswordHasher()
    hasher.time_cost, hasher.memory_cost, hasher.parallelism = 1, 64, 2
    return hasher


def _django_defaults() -> Iterator[str]:
    for name in (
        "PBKDF2PasswordHasher",
        "PBKDF2SHA1PasswordHasher",
        "ScryptPasswordHasher",
        "Argon2PasswordHasher",
        "BCryptSHA256PasswordHasher",
        "BCryptPasswordHasher",
    ):
        hasher = getattr(hashers, name)()
        yield hasher.encode(PASSWORDS[0], hasher.salt())


def _werkzeug() -> Iterator[tuple[str, str, str]]:
    for password in PASSWORDS:
        for method in (
            "pbkdf2:sha1:100",
            "pbkdf2:sha256:100",
            "pbkdf2:sha512:100",
            "scrypt:16:8:2",
        ):
            yield method.rpartition(":")[0], password, generate_password_hash(password, method)


def _werkzeug_defaults() -> Iterator[str]:
    for method in ("pbkdf2:sha1", "pbkdf2:sha256", "pbkdf2:sha512", "scrypt"):
        yield generate_password_hash(PASSWORDS[0], method)


def _passlib() -> Iterator[tuple[str, str, str]]:
    for password in PASSWORDS:
        for name, cost in (
            ("pbkdf2_sha256", {"rounds": 100}),
            ("pbkdf2_sha512", {"rounds": 100}),
            ("argon2", {"rounds": 1, "memory_cost": 64}),
        ):
            yield name, password, getattr(passlib_hash, name).using(**cost).hash(password)
        if "\0" not in password:  # which passlib refuses for bcrypt
            for ident in ("2a", "2b", "2y"):
                bcrypt = passlib_hash.bcrypt.using(rounds=4, ident=ident)
                yield "bcrypt", password, bcrypt.hash(password)


def _passlib_defaults() -> Iterator[str]:
    for name in ("pbkdf2_sha256", "pbkdf2_sha512", "argon2", "bcrypt"):
        yield getattr(passlib_hash, name).hash(PASSWORDS[0])


def _write(system: str, libraries: list[str], vectors: Any, defaults: Any) -> None:
    told = {
        "made_by": {name: version(name) for name in libraries},
        "vectors": [dict(zip(("kind", "password", "hash"), one, strict=True)) for one in vectors],
        "defaults": list(defaults),
    }
    text = json.dumps(told, indent=1, ensure_ascii=True)
    (HERE / f"{system}.json").write_text(text + "\n", encoding="utf-8")


_write("django", ["django", "argon2-cffi", "bcrypt"], list(_django()), _django_defaults())
_write("werkzeug", ["werkzeug"], _werkzeug(), _werkzeug_defaults())
_write("passlib", ["passlib", "argon2-cffi", "bcrypt"], _passlib(), _passlib_defaults())
