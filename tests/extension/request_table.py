"""The requests that are sent to both libraries."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.extension.minted_tokens import CSRF, STATES, token_in_state
from tests.extension.odd_requests import ODD_REQUESTS
from tests.extension.scenario import FORM, JSON, MODES, Request, Variant
from tests.extension.variants import VARIANTS

Carrier = Callable[[str, Variant], Request]


@dataclass(frozen=True)
class Probe:
    """One request to one variant: the carrier of the token, and the route."""

    variant: str
    carrier: str
    state: str
    mode: str = "plain"

    def request(self) -> Request:
        """Create the request, with the same bytes every time."""
        if self.carrier not in CARRIERS:
            return ODD_REQUESTS[self.carrier, self.state].to(self.mode)
        setting = VARIANTS[self.variant]
        token = token_in_state(self.state, setting.algorithm)
        return CARRIERS[self.carrier](token, setting).to(self.mode)

    def __str__(self) -> str:
        return f"{self.state} by {self.carrier} to /{self.mode} of {self.variant}"


def _option(variant: Variant, name: str, default: str) -> Any:
    return variant.options.get(f"JWT_{name}", default)


def in_header(token: str, variant: Variant) -> Request:
    """Send a token in the variant's header."""
    kind = _option(variant, "HEADER_TYPE", "Bearer")
    value = f"{kind} {token}" if kind else token
    return Request(headers=[(_option(variant, "HEADER_NAME", "Authorization"), value)])


def in_query(token: str, variant: Variant) -> Request:
    """Send a token in the variant's query parameter."""
    prefix = _option(variant, "QUERY_STRING_VALUE_PREFIX", "")
    name = _option(variant, "QUERY_STRING_NAME", "jwt")
    return Request(query=urlencode({name: prefix + token}))


def in_json(token: str, variant: Variant) -> Request:
    """Send a token in both members that a JSON body may have it in."""
    members = {
        _option(variant, "JSON_KEY", "access_token"): token,
        _option(variant, "REFRESH_JSON_KEY", "refresh_token"): token,
    }
    return Request(method="POST", body=json.dumps(members).encode(), content_type=JSON)


def in_cookies(token: str, variant: Variant) -> Request:
    """Send a token in both cookies, with a method that needs no CSRF value."""
    names = (
        _option(variant, "ACCESS_COOKIE_NAME", "access_token_cookie"),
        _option(variant, "REFRESH_COOKIE_NAME", "refresh_token_cookie"),
    )
    return Request(headers=[("Cookie", "; ".join(f"{name}={token}" for name in names))])


def in_posted_cookies(csrf: str | None) -> Carrier:
    """Send a token in both cookies on a POST, with a CSRF value in every possible header."""

    def carry(token: str, variant: Variant) -> Request:
        headers = list(in_cookies(token, variant).headers)
        if csrf is not None:
            names = {
                _option(variant, f"{kind}_CSRF_HEADER_NAME", "X-CSRF-TOKEN")
                for kind in ("ACCESS", "REFRESH")
            }
            headers += [(name, csrf) for name in sorted(names)]
        return Request(method="POST", headers=headers)

    return carry


def in_cookies_and_form(token: str, variant: Variant) -> Request:
    """Send a token in both cookies and the CSRF value in a form."""
    name = _option(variant, "ACCESS_CSRF_FIELD_NAME", "csrf_token")
    body = urlencode({name: CSRF}).encode()
    cookies = in_cookies(token, variant)
    return Request(method="POST", headers=cookies.headers, body=body, content_type=FORM)


CARRIERS: Mapping[str, Carrier] = {
    "header": in_header,
    "query": in_query,
    "json": in_json,
    "cookies": in_cookies,
    "cookies-csrf": in_posted_cookies(CSRF),
    "cookies-csrf-wrong": in_posted_cookies("not the value"),
    "cookies-csrf-not-ascii": in_posted_cookies("ünïcode"),
    "cookies-csrf-missing": in_posted_cookies(None),
    "cookies-csrf-form": in_cookies_and_form,
}

#: States that distinguish the requirements of the decorators.
DECISIVE_STATES = (
    "valid",
    "refresh",
    "fresh-true",
    "fresh-until-later",
    "fresh-until-before",
    "refresh-fresh",
    "expired",
    "wrong-key",
    "garbage",
    "sub-missing",
)

#: States that one variant handles differently from all others.
SENSITIVE_STATES: Mapping[str, Sequence[str]] = {
    "audience": [state for state in STATES if state.startswith(("aud-", "iss-"))],
    "issuer": [state for state in STATES if state.startswith(("aud-", "iss-"))],
    "leeway": [
        "expired-a-minute-ago",
        "expired-refresh",
        "immature-a-minute",
        "nbf-later",
        "iat-later",
    ],
    "identity": ["identity-claim", "identity-number", "stranger"],
    "sub-not-verified": [state for state in STATES if state.startswith("sub-")],
    "algorithm": ["really-HS384", "unsigned-none"],
    "revocation": ["revoked", "revoked-refresh", "unwelcome"],
    "users": ["stranger", "sub-missing", "sub-empty"],
    "own-answers": ["revoked", "stranger", "unwelcome", "expired-refresh", "csrf-missing"],
    "keys-by-subject": ["sub-other", "sub-number", "payload-list", "alg-missing"],
}

#: States sent to every variant.
COMMON_STATES = (
    *DECISIVE_STATES,
    "really-HS512",
    "other-algorithm",
    "alg-RS256",
    "signature-flipped",
    "padded",
)


def probes() -> Sequence[Probe]:
    """Return every request once."""
    return list(dict.fromkeys([*_of_states(), *_of_modes(), *_of_variants(), *_odd()]))


def _of_states() -> Iterator[Probe]:
    for state in STATES:
        for carrier in ("header", "query", "json", "cookies-csrf"):
            yield Probe("default", carrier, state)
        for mode in ("fresh", "optional"):
            yield Probe("default", "header", state, mode)
    for state in ("valid", *(state for state in STATES if state.startswith("csrf-"))):
        for carrier in CARRIERS:
            yield Probe("default", carrier, state)


def _of_modes() -> Iterator[Probe]:
    for mode in MODES:
        for carrier in ("header", "query", "json", "cookies", "cookies-csrf"):
            for state in DECISIVE_STATES:
                yield Probe("default", carrier, state, mode)


def _of_variants() -> Iterator[Probe]:
    for variant in VARIANTS:
        for state in (*COMMON_STATES, *_sensitive_states(variant)):
            yield Probe(variant, "header", state)
        for carrier in CARRIERS:
            for state in ("valid", "refresh"):
                yield Probe(variant, carrier, state)
                yield Probe(variant, carrier, state, "refresh")
    for mode in MODES:
        for state in ("revoked", "unwelcome", "stranger", "valid", "refresh"):
            for variant in ("revocation", "users", "own-answers"):
                yield Probe(variant, "header", state, mode)


def _sensitive_states(variant: str) -> Iterator[str]:
    for part, states in SENSITIVE_STATES.items():
        if part in variant:
            yield from states


def _odd() -> Iterator[Probe]:
    for carrier, name in ODD_REQUESTS:
        for mode in ("plain", "optional", "refresh"):
            yield Probe("default", carrier, name, mode)
        for variant in (
            "located-headers",
            "located-json",
            "header-type-empty",
            "header-bare",
            "query-prefix",
        ):
            yield Probe(variant, carrier, name)
