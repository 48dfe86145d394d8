"""Valid and invalid tokens for a running service, created with its own key."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from flask_watchword.accounts.api_tokens import ApiToken, ApiTokenKind
from flask_watchword.accounts.users import User, new_user
from flask_watchword.clock import system_clock
from flask_watchword.extension.sessions.session_context import TokenPair
from flask_watchword.extension.state import state_of
from flask_watchword.jose import Key, encode
from flask_watchword.jose.encoding import b64url_encode
from flask_watchword.jose.jws import sign_segment
from flask_watchword.keys.material import new_material, read_material
from flask_watchword.service.api_token_access import new_access_token
from flask_watchword.service.app import create_app
from flask_watchword.service.context import ServiceContext, service_context
from flask_watchword.service.load_settings import read_settings
from flask_watchword.service.signing.signing_keys import key_manager
from flask_watchword.service.stores import opened_stores
from flask_watchword.service.tokens import AuthenticationContext
from tests.extension.minted_tokens import (
    ABSENT,
    changed,
    with_flipped_signature,
    with_padding,
)

HOUR = 3600


@contextmanager
def serving(database: str) -> Iterator[ServiceContext]:
    """Yield the context of a service over a database that another process serves."""
    settings = read_settings(database=database)
    with opened_stores(settings) as stores:
        app = create_app(settings, stores=stores)
        with app.app_context():
            try:
                yield service_context()
            finally:
                feed = state_of(app).revocations
                assert feed is not None
                feed.close()


class Mint:
    """Create tokens of a service."""

    def __init__(self, parts: ServiceContext) -> None:
        self.parts = parts
        self.key = parts.keys.signing_key()
        self.user = self.add("ada@example.com")
        now = int(time.time())
        self.claims: Mapping[str, Any] = {
            "fresh": False,
            "iat": now - 60,
            "jti": "a-token",
            "type": "access",
            "sub": self.user.id,
            "nbf": now - 60,
            "csrf": "csrf-value",
            "aud": "watchword",
            "iss": "watchword",
            "exp": now + HOUR,
        }

    def add(self, email: str) -> User:
        user = new_user(email, "no hash", system_clock())
        self.parts.stores.users.add(user)
        return user

    def pair(self, user: User | None = None) -> TokenPair:
        return self.parts.sessions.start(AuthenticationContext(user or self.user, ("pwd",)))

    def claiming(self, **changes: Any) -> str:
        return encode(changed(self.claims, changes), self.key)

    def headed(self, **changes: Any) -> str:
        header = {"alg": self.key.algorithm, "kid": self.key.kid, "typ": "at+jwt"}
        return self.signed(json.dumps(changed(header, changes)))

    def signed(self, header: str, payload: bytes | None = None, key: Key | None = None) -> str:
        body = json.dumps(self.claims).encode() if payload is None else payload
        return sign_segment(b64url_encode(header.encode()), body, key or self.key)

    def carrying(self, payload: bytes) -> str:
        header = {"alg": self.key.algorithm, "kid": self.key.kid, "typ": "at+jwt"}
        return self.signed(json.dumps(header), payload)

    def stolen_key(self) -> str:
        """Return a token signed with a key that was published and then revoked."""
        made = new_material("ES256")
        assert made.private is not None
        public = json.dumps({**(made.key.jwk or {}), "kid": made.key.kid, "alg": "ES256"})
        manager = key_manager(self.parts.settings, self.parts.stores.keys)
        manager.import_key(read_material(public.encode(), None))
        assert made.key.kid is not None
        self.parts.sessions.revoke_key(made.key.kid)
        return encode(self.claims, made.key)

    def program(self) -> str:
        token = ApiToken(
            id="program",
            owner=self.user.id,
            kind=ApiTokenKind.PERSONAL,
            name="build",
            token_hash="hash",
            scopes=frozenset(),
            created_at=0.0,
            expires_at=None,
        )
        return new_access_token(token, (), 600)


def tokens_of(mint: Mint) -> dict[str, str]:
    """Return a table of tokens, each with a description of its defect."""
    now = int(time.time())
    good = mint.claiming()
    return {
        **_in_form(mint, good),
        **_in_claims(mint, now),
        **_in_time(mint, now),
        **_revoked(mint),
        "good": good,
        "of a session": mint.pair().access_token,
        "of a session, to refresh": mint.pair().refresh_token,
        "of a program": mint.program(),
        "of nobody": mint.claiming(sub="nobody"),
        "of a key that nobody has": encode(mint.claims, new_material("EdDSA").key),
        "of another key under our kid": encode(
            mint.claims, replace(new_material("EdDSA").key, kid=mint.key.kid)
        ),
    }


def _in_form(mint: Mint, good: str) -> dict[str, str]:
    payload = json.dumps(dict(mint.claims)).encode()
    damaged: dict[str, Callable[[str], str]] = {
        "flipped": with_flipped_signature,
        "padded": with_padding,
        "without signature": lambda token: token.rpartition(".")[0] + ".",
        "of two segments": lambda token: token.rpartition(".")[0],
        "of four segments": lambda token: token + ".AAAA",
        "cut short": lambda token: token[:-1],
        "twice": lambda token: f"{token}, {token}",
        "of two words": lambda token: f"{token} {token}",
        "with a tail": lambda token: token + "!",
        "followed by a field": lambda token: f"{token}, Basic abc",
    }
    return {
        **{name: edit(good) for name, edit in damaged.items()},
        "garbage": "garbage",
        "dots": "..",
        "too large": mint.claiming(padding="x" * 9000),
        "not canonical in its payload, and forged": with_flipped_signature(
            good.replace(".", ".=", 1)
        ),
        "none": mint.headed(alg="none"),
        "of another algorithm": mint.headed(alg="HS256"),
        "without alg": mint.headed(alg=ABSENT),
        "with crit": mint.headed(crit=["exp"], exp=1),
        "with a number for a kid": mint.headed(kid=7),
        "without kid": mint.headed(kid=ABSENT),
        "without typ": mint.headed(typ=ABSENT),
        "of another typ": mint.headed(typ="logout+jwt"),
        "with the typ of the other type": mint.headed(typ="rt+jwt"),
        "with cty": mint.headed(cty="JWT"),
        "headed by a list": mint.signed("[]"),
        "headed twice": mint.signed('{"alg":"EdDSA","alg":"EdDSA"}'),
        "with a list for claims": mint.carrying(b"[]"),
        "with a claim twice": mint.carrying(payload[:-1] + b', "sub": "x"}'),
        "with a claim twice, and forged": with_flipped_signature(
            mint.carrying(payload[:-1] + b', "sub": "x"}')
        ),
    }


def _in_claims(mint: Mint, now: int) -> dict[str, str]:
    return {
        "of another issuer": mint.claiming(iss="elsewhere"),
        "without issuer": mint.claiming(iss=ABSENT),
        "for another audience": mint.claiming(aud=["elsewhere"]),
        "for a number": mint.claiming(aud=7),
        "without subject": mint.claiming(sub=ABSENT),
        "with a number for a subject": mint.claiming(sub=7),
        "without jti": mint.claiming(jti=ABSENT),
        "with a number for a jti": mint.claiming(jti=7),
        "without type": mint.claiming(type=ABSENT),
        "of another type": mint.claiming(type="api"),
        "to refresh": mint.claiming(type="refresh"),
        "without exp": mint.claiming(exp=ABSENT),
        "with a number for a session": mint.claiming(sid=7),
        "of a session that never was": mint.claiming(sid="nothing"),
        "old, of a session that never was": mint.claiming(sid="nothing", iat=now - 30 * 86_400),
    }


def _in_time(mint: Mint, now: int) -> dict[str, str]:
    return {
        "expired": mint.claiming(exp=now - 192),
        "expired, for another audience": mint.claiming(exp=now - 192, aud="elsewhere"),
        "not yet valid": mint.claiming(nbf=now + HOUR),
        "issued tomorrow": mint.claiming(iat=now + 24 * HOUR),
        "expired by a word": mint.claiming(exp="soon"),
        "issued by a word": mint.claiming(iat="soon"),
    }


def _revoked(mint: Mint) -> dict[str, str]:
    sessions = mint.parts.sessions
    ended, revoked = mint.pair(), mint.claiming(jti="revoked")
    sessions.end(ended.session_id)
    sessions.revoke_token("revoked")
    dismissed, disabled = mint.add("bob@example.com"), mint.add("eve@example.com")
    gone = mint.add("gone@example.com")
    sessions.end_all(dismissed.id)
    of_disabled, of_gone = mint.pair(disabled).access_token, mint.pair(gone).access_token
    mint.parts.stores.users.disable(disabled.id, system_clock())
    mint.parts.stores.users.delete(gone.id)
    return {
        "of a session that was ended": ended.access_token,
        "revoked": revoked,
        "of a subject that was revoked": mint.claiming(sub=dismissed.id),
        "of a user who is disabled": of_disabled,
        "of a user who is gone": of_gone,
        "of a stolen key": mint.stolen_key(),
    }
