"""What keys need of a store, and what must happen in one piece there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as a store holds it. Moments are seconds since the epoch.

    Attributes:
        kid: what tokens name it by, unique in its store.
        algorithm: the only ``alg`` it signs and verifies.
        public_jwk: the members of a JWK that make its public part.
        sealed: its private part, under a master key that is not in the store; ``None`` when it
            only verifies.
        published_at: when it was put there.
        active_from: from when on it signs; ``None`` when it never does.
        verify_until: when its last token has expired; ``None`` while that is open.
        revoked_at: when it was revoked; ``None`` while it was not.
    """

    kid: str
    algorithm: str
    public_jwk: Mapping[str, Any]
    sealed: bytes | None = field(repr=False)
    published_at: float
    active_from: float | None = None
    verify_until: float | None = None
    revoked_at: float | None = None


@dataclass(frozen=True, slots=True)
class StoredKeyring:
    """All keys of a store at one moment.

    Attributes:
        version: which state this is; each change adds one, 0 is the one before the first key.
        keys: in no particular order.
        token_seconds: the longest lifetime of any token these keys have ever been told to sign.
    """

    version: int = 0
    keys: tuple[StoredKey, ...] = ()
    token_seconds: float = 0.0


class KeyStore(Protocol):
    """Keeps one keyring. Methods may be called from any thread, and from any worker process.

    Each is one atomic step, raises ``StoreUnavailable`` when the store does not answer, and has
    then changed nothing or all.
    """

    def version(self) -> int:
        """Return the version of what :meth:`load` would return; cheap, for it is asked often."""

    def load(self) -> StoredKeyring:
        """Return the keyring as one swap left it, never half of one and half of another."""

    def swap(self, keyring: StoredKeyring) -> bool:
        """Put this keyring where the one with its version stands: one compare-and-swap.

        Of any number of callers with the same version exactly one succeeds, also of those with
        version 0, who all found no keyring yet. All keys are replaced together, the version is
        one higher afterwards, and the change has been committed on return.

        Returns:
            Whether it did; otherwise nothing was changed.
        """
