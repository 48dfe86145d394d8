"""The key store protocol, with the atomicity it requires."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as a store holds it. Times are seconds since the epoch.

    Attributes:
        kid: the key id in tokens, unique in its store.
        algorithm: the only ``alg`` the key signs and verifies.
        public_jwk: the public members of its JWK.
        encrypted_private_key: the private key, encrypted with a master key that is not in the
            store; ``None`` for a key that only verifies.
        published_at: when it was added.
        active_from: when it starts to sign; ``None`` when it never does.
        verify_until: when its last token expires; ``None`` while no end is set.
        revoked_at: when it was revoked; ``None`` when it was not.
    """

    kid: str
    algorithm: str
    public_jwk: Mapping[str, Any]
    encrypted_private_key: bytes | None = field(repr=False)
    published_at: float
    active_from: float | None = None
    verify_until: float | None = None
    revoked_at: float | None = None


@dataclass(frozen=True, slots=True)
class StoredKeyring:
    """All keys of a store at one point in time.

    Attributes:
        version: increases by one with each change; 0 means that there has been no key yet.
        keys: in no particular order.
        token_seconds: the longest token lifetime these keys have ever been used with.
    """

    version: int = 0
    keys: tuple[StoredKey, ...] = ()
    token_seconds: float = 0.0


class KeyStore(Protocol):
    """Stores one keyring. Methods may be called from any thread and from any worker process.

    Each is one atomic operation. It raises ``StoreUnavailable`` when the store does not respond,
    and has then changed nothing or everything.
    """

    def version(self) -> int:
        """Return the version that :meth:`load` would return; must be cheap, it is polled often."""

    def load(self) -> StoredKeyring:
        """Return the keyring as one swap left it, never a mixture of two."""

    def swap(self, keyring: StoredKeyring) -> bool:
        """Replace the keyring that has this version: one compare-and-swap.

        Of any number of callers with the same version exactly one succeeds; that includes version
        0, when no keyring exists yet. All keys are replaced together, the version increases by
        one, and the change is committed on return.

        Returns:
            Whether it was replaced; if not, nothing has changed.
        """
