"""Other issuers, on a local server, and an application that accepts their tokens."""

import hmac
import json
import time
import warnings
from functools import cache
from typing import Any
from zlib import crc32

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from flask import Flask
from werkzeug.test import TestResponse

from flask_watchword import (
    JWTManager,
    create_access_token,
    get_jwt,
    jwt_required,
)
from flask_watchword.exceptions import UnusableTokenWarning
from flask_watchword.extension.state import state_of
from tests.extension.minted_tokens import b64url
from tests.extension.signing_keys import HMAC_SECRET
from tests.infra.http.elapsed import Elapsed
from tests.infra.http.site import Site, http_answer

AUDIENCE = "our-api"
ABSENT = object()
CONFIGURATION = "/.well-known/openid-configuration"


@cache
def private_key(algorithm: str, number: int) -> Any:
    """Return a private key for an algorithm, a different one for each number."""
    if algorithm.startswith("ES"):
        curves = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
        return ec.generate_private_key(curves[algorithm])
    if algorithm in ("EdDSA", "Ed25519"):
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 2048)


def public_jwk(algorithm: str, number: int, kid: str | None) -> dict[str, Any]:
    """Return the JWK of a key in PyJWT's format."""
    method = jwt.get_algorithm_by_name(algorithm)
    jwk = json.loads(method.to_jwk(private_key(algorithm, number).public_key()))
    named = {"kid": kid} if kid is not None else {}
    return {**jwk, "alg": algorithm, "use": "sig", **named}


class Other:
    """Another issuer with its address, keys and tokens.

    It starts with one key: `rotate` publishes the next one beside it, `drop` publishes only the
    newest.
    """

    def __init__(self, site: Site, path: str, algorithm: str = "ES256") -> None:
        self.site = site
        self.path = path
        self.name = site.url(path)
        self.algorithm = algorithm
        # The same in every run, so that two issuers never share a key by chance.
        self.numbers = [crc32(path.encode()) % 1000]
        self.named = True
        self.publish()

    @property
    def jwks_path(self) -> str:
        return f"{self.path}/jwks"

    @property
    def fetches(self) -> int:
        return self.site.asked(self.jwks_path)

    def kid(self, number: int) -> str | None:
        return f"key-{number - self.numbers[0]}" if self.named else None

    def publish(self, **headers: str) -> None:
        members = [public_jwk(self.algorithm, each, self.kid(each)) for each in self.numbers]
        self.site.serves(self.jwks_path, {"keys": members}, **headers)
        status_and_text = {"issuer": self.name, "jwks_uri": self.site.url(self.jwks_path)}
        self.site.serves(f"{self.path.removesuffix('/')}{CONFIGURATION}", status_and_text)

    def break_down(self) -> None:
        for path in (self.jwks_path, f"{self.path.removesuffix('/')}{CONFIGURATION}"):
            self.site.says(path, http_answer(b"", "500 Internal Server Error"))

    def rotate(self) -> None:
        self.numbers.append(self.numbers[-1] + 1)
        self.publish()

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {"iss": self.name, "aud": AUDIENCE, "sub": "7", "iat": now, "exp": now + 3600}
        return {name: value for name, value in {**claims, **changes}.items() if value is not ABSENT}

    def token(self, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """Return a token signed with the newest key."""
        number = self.numbers[-1]
        members = {"kid": self.kid(number), **(header or {})}
        return signed(
            self.claims(**changes),
            private_key(self.algorithm, number),
            self.algorithm,
            {name: value for name, value in members.items() if value not in (None, ABSENT)},
        )


def signed(claims: dict[str, Any], key: Any, algorithm: str, header: dict[str, Any]) -> str:
    """Sign any claims under any header, including false ones.

    Args:
        claims: the claims.
        key: a private key; for HMAC the secret, of any type.
        algorithm: the algorithm of the signature.
        header: header members that override `typ` and `alg`; `None` removes one.
    """
    members = {"typ": "JWT", "alg": algorithm, **header}
    members = {name: value for name, value in members.items() if value is not None}
    parts = [b64url(json.dumps(each).encode()) for each in (members, claims)]
    signing_input = ".".join(parts).encode()
    if algorithm == "HS256":
        signature = hmac.digest(key, signing_input, "sha256")
    else:
        signature = jwt.get_algorithm_by_name(algorithm).sign(signing_input, key)
    return ".".join([*parts, b64url(signature)])


class Place:
    """An application that accepts the tokens of some issuers."""

    def __init__(self, elapsed: Elapsed, issuers: dict[str, Any] | None, **options: Any) -> None:
        self.app = Flask("accepting")
        self.app.config.update(JWT_SECRET_KEY=HMAC_SECRET, JWT_ISSUERS=issuers)
        self.app.config.update(options)
        self.manager = JWTManager(self.app)
        state_of(self.app).issuer_keys.elapsed = elapsed
        self.app.add_url_rule("/", "claims", jwt_required()(get_jwt), methods=["GET", "POST"])
        self.app.add_url_rule("/fresh", "fresh", jwt_required(fresh=True)(get_jwt))
        self.app.add_url_rule("/refresh", "refresh", jwt_required(refresh=True)(get_jwt))

    @property
    def kept(self) -> dict[Any, Any]:
        """The cached keys of issuers."""
        return state_of(self.app).issuer_keys._keys

    def get(self, token: str, path: str = "/") -> TestResponse:
        headers = {"Authorization": f"Bearer {token}"}
        return self.app.test_client(use_cookies=False).get(path, headers=headers)

    def status_and_text(self, token: str, path: str = "/") -> tuple[int, str]:
        """Return the status and the text of the response to a token."""
        answer = self.get(token, path)
        return answer.status_code, answer.get_json().get("msg", "")

    def own_token(self, **claims: Any) -> str:
        with self.app.app_context(), warnings.catch_warnings():
            # Some of them are created to be rejected.
            warnings.simplefilter("ignore", UnusableTokenWarning)
            return create_access_token("7", additional_claims=claims)


def options(*others: Other, **members: Any) -> dict[str, Any]:
    """Return JWT_ISSUERS with these issuers."""
    return {other.name: {"audience": AUDIENCE, **members} for other in others}
