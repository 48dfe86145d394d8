"""Verify tokens of other issuers, each only with the keys of the issuer it names.

The unverified ``iss`` selects the keys and nothing else. The verified ``iss`` has to be the same,
so a token that names another issuer than the one that signed it is rejected.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from flask_watchword.errors import InvalidIssuerError, InvalidSignatureError, UnknownKeyError
from flask_watchword.extension.issuers.issuer_keys import IssuerKeyCache, IssuerKeys, KeySet
from flask_watchword.extension.issuers.token_kinds import check_kind
from flask_watchword.extension.options.issuers import read_issuers
from flask_watchword.extension.options.values import Config
from flask_watchword.jose import Decoder, Key, Policy, VerifiedToken, decode_unverified
from flask_watchword.jose.cache import TokenCache
from flask_watchword.jose.claims import check_issuer
from flask_watchword.jose.jwt import CACHED_TOKENS, MAX_CACHED_TOKEN_BYTES


class DecoderFactory(Protocol):
    """Makes decoders."""

    def __call__(
        self, keys: Sequence[Key], policy: Policy, *, subject_required: bool = True
    ) -> Decoder:
        """Return a decoder for keys and a policy.

        Args:
            keys: the keys.
            policy: what tokens have to satisfy.
            subject_required: whether tokens need the claim of JWT_IDENTITY_CLAIM.
        """


class Issuer:
    """One issuer, as the present options configure it.

    Args:
        keys: its keys.
        policy: what its tokens have to satisfy.
        new_decoder: makes decoders.
        subject_required: whether its tokens need the claim of JWT_IDENTITY_CLAIM.
    """

    def __init__(
        self,
        keys: IssuerKeys,
        policy: Policy,
        new_decoder: DecoderFactory,
        *,
        subject_required: bool = True,
    ) -> None:
        self._keys = keys
        self._policy = policy
        self._new_decoder = new_decoder
        self._subject_required = subject_required
        self._made: tuple[KeySet, Decoder] | None = None

    def decoder(self) -> tuple[KeySet, Decoder]:
        """Return the current keys, and the decoder for them.

        Raises:
            KeysUnavailable: when there are none.
        """
        return self._decoder_for(self._keys.current())

    def verify(
        self, token: Any, header: Mapping[str, Any], now: float, allow_expired: bool
    ) -> VerifiedToken:
        """Verify a token; fetch newer keys once if its key is not among the known ones.

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
            # Without a `kid`, an unknown key and a wrong signature look the same.
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
    """The issuers that the present options configure.

    Args:
        issuers: the issuers by name.
        own: the names of this application in ``iss``; empty if it has none.
        max_token_bytes: size limit; larger tokens are rejected before anything else.
    """

    def __init__(
        self,
        issuers: Mapping[str, Issuer],
        own: str | Container[str],
        max_token_bytes: int,
    ) -> None:
        self._issuers = issuers
        self._own = Policy(issuer=own)
        self._max_token_bytes = max_token_bytes
        #: The issuer of each accepted token. The token itself is cached by that issuer's decoder.
        self._accepted: TokenCache[object, Issuer] = TokenCache(CACHED_TOKENS)

    def recall(self, token: str, now: float) -> VerifiedToken | None:
        """Return a cached token of another issuer, if its keys have not changed and it is valid."""
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
        """Verify a token if it names one of the issuers.

        Args:
            token: the token.
            now: seconds since the epoch.
            allow_expired: whether to accept a token that has expired and is otherwise valid.
            by_loader: whether a key loader decides about tokens that name an unknown issuer;
                without one they are rejected.

        Returns:
            The token; ``None`` if it does not name another issuer, so that it has to be verified as
            one of this application's own.

        Raises:
            TokenRejected, JWTDecodeError: when it is not accepted.
            KeysUnavailable: when there are no keys.
        """
        unverified = decode_unverified(token, self._max_token_bytes)
        issuer = self._issuer_of(unverified.claims)
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
        """Check that a new token of this application does not name another issuer.

        Args:
            claims: the claims of the token.
            by_loader: as for :meth:`verify`.

        Raises:
            InvalidIssuerError: when it names one of the issuers, or an unknown one.
        """
        if self._issuer_of(claims) is not None:
            raise InvalidIssuerError("Its issuer is one of JWT_ISSUERS")
        if not by_loader and "iss" in claims:
            check_issuer(claims, self._own)

    def issued(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether an accepted token is from one of the issuers."""
        return self._issuer_of(claims) is not None

    def _issuer_of(self, claims: Mapping[str, Any]) -> Issuer | None:
        name = claims.get("iss")
        return self._issuers.get(name) if isinstance(name, str) else None


def issuers_of(
    config: Config,
    keys: IssuerKeyCache,
    policy: Policy,
    new_decoder: DecoderFactory,
) -> Issuers | None:
    """Return the issuers of JWT_ISSUERS; ``None`` when there are none.

    Args:
        config: the options.
        keys: the keys of all issuers.
        policy: the policy of the application's own tokens. The policy of an issuer differs in
            issuer, audience and profile: the strict profile requires claims that only this
            package writes.
        new_decoder: makes decoders.

    Raises:
        RuntimeError: when a part of JWT_ISSUERS cannot be used.
    """
    issuers = {
        each.name: Issuer(
            keys.of(each),
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
