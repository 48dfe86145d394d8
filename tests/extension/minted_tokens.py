"""Tokens in every state that a client may send, created without either library."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jwt

from tests.extension.signing_keys import key_pair

HOUR = 3600
CSRF = "csrf-double-submit-value"
#: The time at which this run creates its tokens; every claim below is far from any boundary.
MINTED_AT = int(time.time())

#: A value that removes a claim or a header member.
ABSENT = object()

CLAIMS: Mapping[str, Any] = {
    "fresh": False,
    "iat": MINTED_AT - HOUR,
    "jti": "5f0f4a52-0000-4000-8000-000000000001",
    "type": "access",
    "sub": "alice",
    "nbf": MINTED_AT - HOUR,
    "csrf": CSRF,
    "exp": MINTED_AT + 24 * HOUR,
}

Recipe = Callable[[str], str]


def b64url(data: bytes) -> str:
    """Encode as RFC 7515 section 2 specifies."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def changed(members: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Add and remove members."""
    return {name: value for name, value in {**members, **changes}.items() if value is not ABSENT}


def sign(header: str, payload: bytes, algorithm: str, which: str = "ours") -> str:
    """Sign any payload under any header, well-formed or not."""
    signing_input = f"{b64url(header.encode())}.{b64url(payload)}"
    method, key = _signing(algorithm, which)
    return f"{signing_input}.{b64url(method.sign(signing_input.encode(), key))}"


@cache
def _signing(algorithm: str, which: str) -> tuple[jwt.algorithms.Algorithm, Any]:
    method = jwt.get_algorithm_by_name(algorithm)
    return method, method.prepare_key(key_pair(algorithm, which).private)


def mint(algorithm: str, which: str = "ours", **changes: Any) -> str:
    """Create a token with the given changes to `CLAIMS`."""
    payload = json.dumps(changed(CLAIMS, changes)).encode()
    return sign(json.dumps({"alg": algorithm, "typ": "JWT"}), payload, algorithm, which)


def claiming(**changes: Any) -> Recipe:
    """Return a function that creates a genuine token with other claims."""
    return lambda algorithm: mint(algorithm, **changes)


def headed(**changes: Any) -> Recipe:
    """Return a function that creates a genuine token with another header."""

    def recipe(algorithm: str) -> str:
        header = changed({"alg": algorithm, "typ": "JWT"}, changes)
        return sign(json.dumps(header), json.dumps(dict(CLAIMS)).encode(), algorithm)

    return recipe


def carrying(payload: bytes) -> Recipe:
    """Return a function that signs a payload that may not be a set of claims."""
    return lambda algorithm: sign(json.dumps({"alg": algorithm, "typ": "JWT"}), payload, algorithm)


def under(header: str) -> Recipe:
    """Return a function that creates a genuine signature under a header that may be invalid."""
    return lambda algorithm: sign(header, json.dumps(dict(CLAIMS)).encode(), algorithm)


def unsigned(alg: str) -> Recipe:
    """Return a function that creates a token whose header says that it has no signature."""

    def recipe(_algorithm: str) -> str:
        header = b64url(json.dumps({"alg": alg, "typ": "JWT"}).encode())
        return f"{header}.{b64url(json.dumps(dict(CLAIMS)).encode())}."

    return recipe


def mangled(edit: Callable[[str], str]) -> Recipe:
    """Return a function that creates a genuine token and then damages it."""
    return lambda algorithm: edit(mint(algorithm))


def verbatim(text: str) -> Recipe:
    """Return a function that returns a text that is not a token."""
    return lambda _algorithm: text


def from_other_key(algorithm: str) -> str:
    """Create a token with a key that the application does not know."""
    return mint(algorithm, "theirs")


def with_flipped_signature(token: str) -> str:
    """Change one bit of the signature's first byte."""
    signing_input, _, signature = token.rpartition(".")
    first = "B" if signature[0] == "A" else "A"
    return f"{signing_input}.{first}{signature[1:]}"


def with_padding(token: str) -> str:
    """Pad every segment with '=' to a multiple of four."""
    return ".".join(part + "=" * (-len(part) % 4) for part in token.split("."))


def payload_text(**changes: Any) -> str:
    """Return a payload as JSON text for editing."""
    return json.dumps(changed(CLAIMS, changes))


def _fresh() -> dict[str, Recipe]:
    values: dict[str, Any] = {
        "true": True,
        "until-later": MINTED_AT + HOUR,
        "until-later-float": MINTED_AT + HOUR + 0.5,
        "until-before": MINTED_AT - HOUR,
        "zero": 0,
        "one": 1,
        "missing": ABSENT,
        "null": None,
        "list": [],
        "object": {},
        "string": "yes",
    }
    recipes = {f"fresh-{name}": claiming(fresh=value) for name, value in values.items()}
    for constant in ("NaN", "Infinity", "-Infinity"):
        recipes[f"fresh-{constant}"] = claiming(fresh=float(constant))
    return recipes


def _times() -> dict[str, Recipe]:
    recipes = {
        "expired": claiming(exp=MINTED_AT - 2 * HOUR),
        "expired-a-minute-ago": claiming(exp=MINTED_AT - 60),
        "expired-refresh": claiming(exp=MINTED_AT - 2 * HOUR, type="refresh"),
        "expired-from-other-key": lambda algorithm: mint(
            algorithm, "theirs", exp=MINTED_AT - 2 * HOUR
        ),
        "expired-and-without-subject": claiming(exp=MINTED_AT - 2 * HOUR, sub=ABSENT),
        "expired-and-immature": claiming(exp=MINTED_AT - 2 * HOUR, nbf=MINTED_AT + 2 * HOUR),
        "immature-a-minute": claiming(nbf=MINTED_AT + 20 * 60),
        "exp-numeric-string": claiming(exp=str(MINTED_AT + HOUR)),
        "nbf-numeric-string": claiming(nbf=str(MINTED_AT - HOUR)),
        "iat-numeric-string": claiming(iat=str(MINTED_AT - HOUR)),
    }
    odd_values: dict[str, Any] = {
        "missing": ABSENT,
        "null": None,
        "word": "soon",
        "list": [],
        "true": True,
        "false": False,
        "float": MINTED_AT + 0.5,
        "later": MINTED_AT + 2 * HOUR,
        "negative": -1,
        "enormous": 10**18,
        "NaN": float("nan"),
        "Infinity": float("inf"),
    }
    for claim in ("exp", "nbf", "iat"):
        recipes.update(
            {f"{claim}-{name}": claiming(**{claim: value}) for name, value in odd_values.items()}
        )
    return recipes


def _claims() -> dict[str, Recipe]:
    return {
        "refresh": claiming(type="refresh"),
        "refresh-fresh": claiming(type="refresh", fresh=True),
        "type-missing": claiming(type=ABSENT),
        "type-custom": claiming(type="api"),
        "type-null": claiming(type=None),
        "type-list": claiming(type=["refresh"]),
        "jti-missing": claiming(jti=ABSENT),
        "jti-number": claiming(jti=7),
        "jti-null": claiming(jti=None),
        "sub-missing": claiming(sub=ABSENT),
        "sub-number": claiming(sub=7),
        "sub-null": claiming(sub=None),
        "sub-list": claiming(sub=["alice"]),
        "sub-object": claiming(sub={"id": 1}),
        "sub-empty": claiming(sub=""),
        "sub-not-ascii": claiming(sub="Zoë ☂ \U0001f511"),
        "sub-other": claiming(sub="mallory"),
        "csrf-missing": claiming(csrf=ABSENT),
        "csrf-null": claiming(csrf=None),
        "csrf-number": claiming(csrf=7),
        "csrf-other": claiming(csrf="something else"),
        "csrf-not-ascii": claiming(csrf="ünïcode"),
        "aud-right": claiming(aud="our-audience"),
        "aud-wrong": claiming(aud="their-audience"),
        "aud-list": claiming(aud=["their-audience", "our-audience"]),
        "aud-empty": claiming(aud=""),
        "aud-empty-list": claiming(aud=[]),
        "aud-null": claiming(aud=None),
        "aud-number": claiming(aud=7),
        "aud-mixed-list": claiming(aud=["our-audience", 7]),
        "iss-right": claiming(iss="our-issuer"),
        "iss-wrong": claiming(iss="their-issuer"),
        "iss-part": claiming(iss="our"),
        "iss-empty": claiming(iss=""),
        "iss-null": claiming(iss=None),
        "iss-number": claiming(iss=7),
        "aud-and-iss-right": claiming(aud="our-audience", iss="our-issuer"),
        "identity-claim": claiming(identity="alice", sub=ABSENT),
        "identity-number": claiming(identity=7, sub=ABSENT),
        "revoked": claiming(jti="revoked"),
        "revoked-refresh": claiming(jti="revoked", type="refresh"),
        "stranger": claiming(sub="nobody"),
        "unwelcome": claiming(unwelcome=True),
        "nested": claiming(roles=["a", {"b": [None, 1.5]}]),
        "big-number": claiming(big=2**70),
        "no-claims": carrying(b"{}"),
    }


def _headers() -> dict[str, Recipe]:
    recipes: dict[str, Recipe] = {
        "kid": headed(kid="one"),
        "kid-number": headed(kid=1),
        "typ-missing": headed(typ=ABSENT),
        "typ-other": headed(typ="at+jwt"),
        "typ-number": headed(typ=1),
        "custom-header": headed(vendor={"a": 1}),
        "jwk-header": headed(jwk={"kty": "oct", "k": "AAAA"}, jku="https://example.com/keys"),
        "crit-unknown": headed(crit=["exp"], exp=1),
        "crit-empty": headed(crit=[]),
        "crit-text": headed(crit="exp"),
        "b64-false": headed(b64=False, crit=["b64"]),
        "b64-false-alone": headed(b64=False),
        "b64-true": headed(b64=True),
        "alg-missing": headed(alg=ABSENT),
        "alg-null": headed(alg=None),
        "alg-list": headed(alg=["HS256"]),
        "alg-empty": headed(alg=""),
        "alg-lower": headed(alg="hs256"),
        "alg-unknown": headed(alg="HS1024"),
        "alg-HS384": headed(alg="HS384"),
        "alg-RS256": headed(alg="RS256"),
        "header-list": under("[]"),
        "header-number": under("1"),
        "header-empty": under(""),
        "header-not-json": under("{alg: HS256}"),
        "header-bom": under('\ufeff{"alg":"HS256"}'),
        "header-duplicate": under('{"alg":"HS256","alg":"HS256","typ":"JWT"}'),
        "header-nan": under('{"alg":"HS256","x":NaN}'),
        "really-HS512": lambda _algorithm: mint("HS512"),
        "really-HS384": lambda _algorithm: mint("HS384"),
        "other-algorithm": lambda algorithm: mint("ES256" if algorithm != "ES256" else "EdDSA"),
    }
    for alg in ("none", "None", "NONE", "nOnE"):
        recipes[f"unsigned-{alg}"] = unsigned(alg)
    return recipes


def _payloads() -> dict[str, Recipe]:
    head = payload_text()[:-1]
    return {
        "payload-list": carrying(b"[]"),
        "payload-string": carrying(b'"claims"'),
        "payload-number": carrying(b"1"),
        "payload-null": carrying(b"null"),
        "payload-empty": carrying(b""),
        "payload-not-json": carrying(b"{sub: alice}"),
        "payload-cut-short": carrying(head.encode()),
        "payload-trailing": carrying(payload_text().encode() + b" x"),
        "payload-spaces": carrying(b" " + payload_text().encode() + b"\n"),
        "payload-bom": carrying(b"\xef\xbb\xbf" + payload_text().encode()),
        "payload-utf16": carrying(payload_text().encode("utf-16")),
        "payload-utf16-no-bom": carrying(payload_text().encode("utf-16-le")),
        "payload-not-utf8": carrying(head.encode() + b',"name":"\xff"}'),
        "payload-duplicate": carrying(head.encode() + b',"sub":"mallory"}'),
        "payload-nan": carrying(head.encode() + b',"x":NaN}'),
        "payload-surrogate": carrying(head.encode() + b',"x":"\\ud800"}'),
        "payload-nul": carrying(head.encode() + b',"x":"\\u0000"}'),
        "payload-deep": carrying(head.encode() + b',"x":' + b"[" * 900 + b"]" * 900 + b"}"),
        "payload-too-deep": carrying(b"[" * 2500),
        "payload-oversize": claiming(padding="x" * 9000),
    }


def _damaged() -> dict[str, Recipe]:
    return {
        "wrong-key": from_other_key,
        "signature-flipped": mangled(with_flipped_signature),
        "signature-cut": mangled(lambda token: token[:-4]),
        "signature-empty": mangled(lambda token: token.rpartition(".")[0] + "."),
        "signature-bad-length": mangled(lambda token: token + "A" * (5 - len(token) % 4)),
        "two-segments": mangled(lambda token: token.rpartition(".")[0]),
        "one-segment": mangled(lambda token: token.partition(".")[0]),
        "four-segments": mangled(lambda token: token + ".AAAA"),
        "five-segments": verbatim("AAAA.AAAA.AAAA.AAAA.AAAA"),
        "padded": mangled(with_padding),
        "padded-once": mangled(lambda token: token + "="),
        "padded-absurdly": mangled(lambda token: token + "===="),
        "standard-alphabet": mangled(lambda token: token[:-3] + "+/+"),
        "inner-dot": mangled(lambda token: token[:8] + "." + token[8:]),
        "exclamation": mangled(lambda token: token[:-2] + "!!"),
        "dots": verbatim(".."),
        "dot": verbatim("."),
        "letters": verbatim("a.b.c"),
        "garbage": verbatim("garbage"),
        "not-ascii": verbatim("tökén.å.ß"),
        "not-ascii-tail": mangled(lambda token: token + "é"),
    }


STATES: Mapping[str, Recipe] = {
    "valid": claiming(),
    **_fresh(),
    **_times(),
    **_claims(),
    **_headers(),
    **_payloads(),
    **_damaged(),
}


@cache
def token_in_state(state: str, algorithm: str) -> str:
    """Create each state once, so that both libraries get the same bytes."""
    return STATES[state](algorithm)
