"""The published keys of other issuers, cached for the lifetime of the application."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from flask_watchword.clock import Clock
from flask_watchword.extension.options.issuers import IssuerOptions, place
from flask_watchword.infra.errors import UnusableProxy
from flask_watchword.infra.factory import open_issuer_keys
from flask_watchword.jose import Key


class KeySet(Protocol):
    """The keys of an issuer at one time; after a change it is another object."""

    @property
    def keys(self) -> Sequence[Key]:
        """The keys."""


class IssuerKeys(Protocol):
    """The keys of one issuer, fetched when needed.

    Its methods raise ``KeysUnavailable``, which does not reject the token, when there are no keys
    and none can be fetched.
    """

    def current(self) -> KeySet:
        """Return the current keys, without waiting if there are any."""

    def replacement(self, lacking: KeySet) -> KeySet | None:
        """Return newer keys than ``lacking``, which does not have the key of a token.

        Any client can cause this call, so an implementation must limit how often it fetches.
        """


class IssuerKeyCache:
    """The keys of all issuers. They are kept when the options of the application change.

    Attributes:
        elapsed: a monotonic clock in seconds, for the age of the keys.
    """

    def __init__(self) -> None:
        self.elapsed: Clock = time.monotonic
        #: By the options that decide from where and how the keys are fetched.
        self._keys: dict[IssuerOptions, IssuerKeys] = {}

    def of(self, options: IssuerOptions) -> IssuerKeys:
        """Return the keys of an issuer; this fetches nothing yet.

        Raises:
            RuntimeError: when their URL is not allowed.
        """
        cache_key = replace(options, audience=None, subject_required=True)
        keys = self._keys.get(cache_key)
        if keys is None:
            keys = self._keys.setdefault(cache_key, self._open(options))
        return keys

    def _open(self, options: IssuerOptions) -> IssuerKeys:
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
