"""The options that decide how tokens are decoded, and the decoders made from them."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

from flask_watchword.extension.errors import JWTDecodeError
from flask_watchword.extension.issuers.issuer_keys import IssuerKeyCache
from flask_watchword.extension.issuers.key_provider import KeyProvider
from flask_watchword.extension.issuers.verification import issuers_of
from flask_watchword.extension.options.keys import load_keys, signing_key, verifying_keys
from flask_watchword.extension.options.values import (
    Config,
    decode_algorithms,
    has_own_key,
    max_token_bytes,
    profile,
)
from flask_watchword.jose import Decoder, Key, Policy
from flask_watchword.jose.cache import TokenCache

#: How many keys returned by a key loader have a decoder in the cache.
CACHED_KEYS = 256


class DecoderConfig:
    """The policy for tokens, and a decoder for each key.

    Args:
        config: the options.
        key_provider: provides keys in place of the configured ones; ``None`` for those.
        issuer_keys: the keys of other issuers.
        report_weak_key: called with the reason whenever a weak key verifies a signature.
    """

    def __init__(
        self,
        config: Config,
        key_provider: KeyProvider | None,
        issuer_keys: IssuerKeyCache,
        report_weak_key: Callable[[str], None],
    ) -> None:
        self.identity_claim: str = config["JWT_IDENTITY_CLAIM"]
        self.policy = Policy(
            audience=config["JWT_DECODE_AUDIENCE"],
            issuer=config["JWT_DECODE_ISSUER"],
            leeway=_seconds(config["JWT_DECODE_LEEWAY"]),
            verify_subject=config["JWT_VERIFY_SUB"],
            max_token_bytes=max_token_bytes(config),
            profile=profile(config),
        )
        self._config = config
        self._key_provider = key_provider
        self.algorithms = decode_algorithms(config)
        self._decoders: TokenCache[Any, Decoder] = TokenCache(CACHED_KEYS)
        #: Signing keys, by identity, one token of which this configuration has verified.
        self.proven_keys: TokenCache[int, Key] = TokenCache(CACHED_KEYS)
        self._complete = frozenset({self.identity_claim, "type", "fresh", "jti"})
        self._report_weak_key = report_weak_key
        #: The other issuers whose tokens are accepted; ``None`` without any.
        self.issuers = issuers_of(config, issuer_keys, self.policy, self._new_decoder)

    @cached_property
    def default_decoder(self) -> Decoder:
        """The decoder for the configured keys, or for those of the key provider.

        It is made at the first access, after the snapshot that holds it has been stored in
        ``AppState``. Keys that change in between are therefore either in the decoder, or
        ``AppState.keys_changed`` has already discarded the snapshot.
        """
        if self._key_provider is not None:
            return self._new_decoder(self._key_provider.verifying_keys(), self.policy)
        if self.issuers is not None and not has_own_key(self._config):
            # Only other issuers sign tokens; a token of none of them is rejected.
            return self._new_decoder((), self.policy)
        return self._new_decoder(verifying_keys(self._config), self.policy)

    @cached_property
    def signing_key(self) -> Key:
        """The configured key that signs, with the ``kid`` that new tokens carry."""
        return signing_key(self._config)

    def is_own(self, claims: dict[str, Any]) -> bool:
        """Return whether an accepted token is from this application and not from another issuer.

        The ``sid``, ``jti`` and ``sub`` of another issuer's token do not identify anything here.
        """
        return self.issuers is None or not self.issuers.issued(claims)

    def decoder_for(self, material: Any) -> Decoder:
        """Return the decoder for a key that a key loader returned."""
        try:
            decoder = self._decoders[material]
        except TypeError:  # a JWK as a dictionary is not hashable
            return self._new_decoder(self._loaded(material), self.policy)
        if decoder is None:
            decoder = self._new_decoder(self._loaded(material), self.policy)
            self._decoders.put(material, decoder)
        return decoder

    def _loaded(self, material: Any) -> list[Key]:
        # The loader chose one key for this token, so no kid of token or key is compared.
        keys = load_keys(material, self.algorithms, self.policy.profile)
        return [key.with_kid(None) for key in keys]

    def _new_decoder(
        self, keys: Sequence[Key], policy: Policy, *, subject_required: bool = True
    ) -> Decoder:
        reporting = [key.with_weakness_report(self._report_weak_key) for key in keys]
        accept = self._accept if subject_required else self._accept_without_subject
        return Decoder(reporting, policy, accept=accept, complete=self._complete)

    def _accept_without_subject(self, claims: dict[str, Any]) -> None:
        claims.setdefault(self.identity_claim, None)
        self._accept(claims)

    def _accept(self, claims: dict[str, Any]) -> None:
        if self.identity_claim not in claims:
            raise JWTDecodeError(f"Missing claim: {self.identity_claim}")
        claims.setdefault("type", "access")
        claims.setdefault("fresh", False)
        claims.setdefault("jti", None)


def _seconds(leeway: float | timedelta) -> float:
    return leeway.total_seconds() if isinstance(leeway, timedelta) else leeway
