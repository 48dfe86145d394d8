"""Tokens of other issuers: each is verified with the keys of the issuer that it names, only those.

An unverified ``iss`` chooses whose keys are tried and nothing else: the one that was verified has
to be the same, so a token that names another issuer than the one who signed it is refused.
"""

import time
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from flask_watchword.clock import Clock
from flask_watchword.errors import (
    InvalidIssuerError,
    InvalidSignatureError,
    InvalidTokenError,
    MissingRequiredClaimError,
    UnknownKeyError,
)
from flask_watchword.extension.options.issuers import IssuerOptions, place, read_issuers
from flask_watchword.extension.options.values import Config
from flask_watchword.infra.errors import UnusableProxy
from flask_watchword.infra.factory import open_issuer_keys
from flask_watchword.jose import Decoder, Key, Policy, Token, VerifiedToken, decode_unverified
from flask_watchword.jose.cache import TokenCache
from flask_watchword.jose.claims import check_issuer
from flask_watchword.jose.jwt import CACHED_TOKENS, MAX_CACHED_TOKEN_BYTES

#: ``typ`` of what may be an access token (RFC 7519 section 5.1, RFC 9068 section 2.1).
_TYP = frozenset({"jwt", "at+jwt"})
#: Claims that tell another kind of token, and what it is: an ID token that goes with an access
#: token or a code (OpenID Connect Core 1.0 section 3.3.2.11), and a security event, such as a
#: logout (RFC 8417 section 2.2).
_ID_TOKEN = "An ID token is not accepted; send the access token"
_FOR_ITS_ISSUER = "A refresh token is for its issuer alone"
_OTHER_KINDS = {
    "at_hash": _ID_TOKEN,
    "c_hash": _ID_TOKEN,
    "events": "A security event token is not accepted",
}
#: What issuers write in a claim of their own: this package in ``type``, Keycloak in ``typ``, and
#: Amazon Cognito in ``token_use``. A refresh token would pass for one of ours, and be traded for
#: tokens of ours.
_KINDS_BY_NAME = {
    "type": {"refresh": _FOR_ITS_ISSUER},
    "typ": {
        "ID": _ID_TOKEN,
        "Refresh": _FOR_ITS_ISSUER,
        "Offline": _FOR_ITS_ISSUER,
        "Logout": "A security event token is not accepted",
    },
    "token_use": {"id": _ID_TOKEN},
}


class NewDecoder(Protocol):
    """Makes decoders."""

    def __call__(
        self, keys: Sequence[Key], policy: Policy, *, subject_required: bool = True
    ) -> Decoder:
        """Return a decoder for some keys and a policy.

        Args:
            keys: the keys.
            policy: what tokens have to satisfy.
            subject_required: whether they need the claim of JWT_IDENTITY_CLAIM.
        """


class KeySet(Protocol):
    """Some keys; another object where they have changed."""

    @property
    def keys(self) -> Sequence[Key]:
        """The keys."""


class IssuerKeys(Protocol):
    """What is needed of the keys of one issuer.

    What it raises is no refusal: ``KeysUnavailable`` where there are none and none can be fetched.
    """

    def current(self) -> KeySet:
        """Return the keys as they are now, without waiting where there are any."""

    def replacement(self, lacking: KeySet) -> KeySet | None:
        """Return keys that have replaced those in which a token's key is not.

        Any client can have that asked, so it may lead to work at most once in a while.
        """


class KeptKeys:
    """The keys of issuers, which stay whatever is written to the options of an application.

    Attributes:
        elapsed: a clock in seconds that nobody sets back, for their age.
    """

    def __init__(self) -> None:
        self.elapsed: Clock = time.monotonic
        #: By what decides where from and how they are fetched.
        self._kept: dict[IssuerOptions, IssuerKeys] = {}

    def of(self, options: IssuerOptions) -> IssuerKeys:
        """Return the keys of an issuer; nothing is fetched yet.

        Raises:
            RuntimeError: when nothing may be fetched from where they are.
        """
        wanted = replace(options, audience=None, subject_required=True)
        keys = self._kept.get(wanted)
        if keys is None:
            keys = self._kept.setdefault(wanted, self._opened(options))
        return keys

    def _opened(self, options: IssuerOptions) -> IssuerKeys:
        try:
            return open_issuer_keys(
                options.name,
                options.jwks_url,
                options.algorithms,
                lambda: self.elapsed(),
                private_http=options.allow_http,
                use_environment_proxy=options.environment_proxy,
            )
        except UnusableProxy as error:
            raise RuntimeError(f"{place(options.name, 'environment_proxy')}: {error}") from None
        except ValueError as error:
            if options.jwks_url is None:
                text = f"{place(options.name)} has no jwks_url, and {options.name!r} {error}"
            else:
                text = f"{place(options.name, 'jwks_url')} {error}"
            raise RuntimeError(text) from None


class Issuer:
    """One issuer under one state of the options.

    Args:
        keys: its keys.
        policy: what its tokens have to satisfy.
        new_decoder: returns a decoder for some keys and a policy.
        subject_required: whether its tokens need the claim of JWT_IDENTITY_CLAIM.
    """

    def __init__(
        self,
        keys: IssuerKeys,
        policy: Policy,
        new_decoder: NewDecoder,
        *,
        subject_required: bool = True,
    ) -> None:
        self._keys = keys
        self._policy = policy
        self._new_decoder = new_decoder
        self._subject_required = subject_required
        self._made: tuple[KeySet, Decoder] | None = None

    def decoder(self) -> tuple[KeySet, Decoder]:
        """Return the keys as they are now, and the decoder for these.

        Raises:
            KeysUnavailable: when there are none.
        """
        return self._decoder_for(self._keys.current())

    def verify(
        self, token: Any, header: Mapping[str, Any], now: float, allow_expired: bool
    ) -> VerifiedToken:
        """Verify a token, looking for its key once where it is not among those that are known.

        Raises:
            TokenRejected, JWTDecodeError: when it is not accepted.
            KeysUnavailable: when there are no keys.
        """
        keys, decoder = self.decoder()
        try:
            return decoder.verify(token, now, allow_expired=allow_expired)
        except UnknownKeyError:
            replacement = self._keys.replacement(keys)
            if replacement is None:
                raise
        except InvalidSignatureError:
            # Of a key without a name nobody can tell that it is new.
            replacement = None if "kid" in header else self._keys.replacement(keys)
            if replacement is None:
                raise
        _, decoder = self._decoder_for(replacement)
        return decoder.verify(token, now, allow_expired=allow_expired)

    def _decoder_for(self, keys: KeySet) -> tuple[KeySet, Decoder]:
        made = self._made
        if made is None or made[0] is not keys:
            decoder = self._new_decoder(
                keys.keys, self._policy, subject_required=self._subject_required
            )
            made = self._made = (keys, decoder)
        return made


class Issuers:
    """The issuers of one state of the options.

    Args:
        issuers: each under its name.
        own: how this application calls itself in ``iss``; empty if it does not.
        max_token_bytes: larger tokens are refused unseen.
    """

    def __init__(
        self,
        issuers: Mapping[str, Issuer],
        own: str | Container[str],
        max_token_bytes: int,
    ) -> None:
        self._issuers = issuers
        self._own = own
        self._max_token_bytes = max_token_bytes
        #: Whose a token is that was accepted. What it says is asked of that issuer's decoder.
        self._accepted: TokenCache[object, Issuer] = TokenCache(CACHED_TOKENS)

    def recall(self, token: str, now: float) -> VerifiedToken | None:
        """Return a token of theirs that was accepted before, under the same keys, and still is."""
        issuer = self._accepted[token]
        if issuer is None:
            return None
        verified = issuer.decoder()[1].verified[token]
        if verified is None or not verified.valid_from <= now < verified.valid_until:
            return None
        return verified

    def verify(
        self, token: Any, now: float, allow_expired: bool, by_loader: bool
    ) -> VerifiedToken | None:
        """Verify a token that names one of them; leave any other alone.

        Args:
            token: the token.
            now: seconds since the epoch.
            allow_expired: whether a token whose only fault is its age is accepted.
            by_loader: whether a key loader is asked about tokens that name anybody else; without
                one, nobody but the application itself may be named.

        Returns:
            The token; ``None`` for one that is this application's own, or looks so.

        Raises:
            TokenRejected, JWTDecodeError: when it is not accepted.
            KeysUnavailable: when there are no keys.
        """
        unverified = decode_unverified(token, self._max_token_bytes)
        issuer = self._named_by(unverified.claims)
        if issuer is None:
            if not by_loader and "iss" in unverified.claims:
                check_issuer(unverified.claims, self._own)
            return None
        check_kind(unverified)
        verified = issuer.verify(token, unverified.header, now, allow_expired)
        if token.__class__ is str and len(token) <= MAX_CACHED_TOKEN_BYTES:
            self._accepted.put(token, issuer)
        return verified

    def check_own(self, claims: Mapping[str, Any], by_loader: bool) -> None:
        """Check that a token of this application is not taken for one of another issuer.

        Args:
            claims: of the token.
            by_loader: as for :meth:`verify`.

        Raises:
            InvalidIssuerError: when it names one of them, or an unknown issuer.
        """
        if self._named_by(claims) is not None:
            raise InvalidIssuerError("Its issuer is one of JWT_ISSUERS")
        if not by_loader and "iss" in claims:
            check_issuer(claims, self._own)

    def issued(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether a token that was accepted is one of theirs."""
        return self._named_by(claims) is not None

    def _named_by(self, claims: Mapping[str, Any]) -> Issuer | None:
        name = claims.get("iss")
        return self._issuers.get(name) if isinstance(name, str) else None


def check_kind(token: Token) -> None:
    """Check that a token of another issuer may be an access token (RFC 8725 section 3.11).

    Its form is looked at before its signature is: what is refused here is refused either way.

    Raises:
        InvalidTokenError: when it is a refresh token, an ID token or a security event.
        MissingRequiredClaimError: when it has no end.
    """
    header, claims = token
    typ = header.get("typ", "JWT")
    # RFC 7515 section 4.1.9: typ is a media type, compared without regard to case.
    if not isinstance(typ, str) or typ.lower().removeprefix("application/") not in _TYP:
        raise InvalidTokenError("Unknown token type (typ)")
    for claim, reason in _OTHER_KINDS.items():
        if claim in claims:
            raise InvalidTokenError(reason)
    for claim, kinds in _KINDS_BY_NAME.items():
        name = claims.get(claim)
        if isinstance(name, str) and name in kinds:
            raise InvalidTokenError(kinds[name])
    if "exp" not in claims:
        raise MissingRequiredClaimError("exp")


def issuers_of(
    config: Config,
    kept: KeptKeys,
    policy: Policy,
    new_decoder: NewDecoder,
) -> Issuers | None:
    """Return the issuers that JWT_ISSUERS names; ``None`` where there are none.

    Args:
        config: the options.
        kept: their keys.
        policy: that of own tokens. Theirs is the same but for issuer, audience and profile, for
            what the strict profile asks beyond are claims of ours.
        new_decoder: returns a decoder for their keys and policies.

    Raises:
        RuntimeError: when something in it cannot be used.
    """
    issuers = {
        each.name: Issuer(
            kept.of(each),
            replace(policy, issuer=each.name, audience=each.audience, profile="compatible"),
            new_decoder,
            subject_required=each.subject_required,
        )
        for each in read_issuers(config)
    }
    if not issuers:
        return None
    own = config["JWT_ENCODE_ISSUER"] if policy.issuer is None else policy.issuer
    return Issuers(issuers, own or (), policy.max_token_bytes)
