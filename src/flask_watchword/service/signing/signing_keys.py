"""Create the key manager and the keyring of a service from its settings."""

import contextlib
from collections.abc import Iterator

from flask_watchword.clock import system_clock
from flask_watchword.keys.encryption import DecryptionFailed
from flask_watchword.keys.manager import KeyManager
from flask_watchword.keys.policy import KeyPolicy
from flask_watchword.keys.store import KeyStore
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.signing.live_keyring import LiveKeyring
from flask_watchword.service.signing.master_key import load_encryptor, master_key_file
from flask_watchword.sessions.revocation import Revocation, RevocationKind
from flask_watchword.sessions.store import SessionStore

_DAY = 24 * 60 * 60.0


def key_policy(settings: Settings) -> KeyPolicy:
    """Return the key policy of these settings."""
    return KeyPolicy(
        algorithm=settings.key_algorithm,
        rotation=settings.key_rotation_days * _DAY,
        lead=float(settings.key_publish_seconds),
        token=float(max(settings.access_token_seconds, settings.refresh_token_seconds)),
    )


def key_manager(
    settings: Settings, store: KeyStore, *, master_key_is_lost: bool = False
) -> KeyManager:
    """Return the manager of the keys in a store.

    Args:
        settings: with the database and the policy.
        store: the key store.
        master_key_is_lost: see :func:`~flask_watchword.service.signing.master_key.load_encryptor`.

    Raises:
        InvalidSetting: if there is no master key, or its file cannot be used.
    """
    encryptor = load_encryptor(settings, is_lost=master_key_is_lost)
    return KeyManager(store, encryptor, key_policy(settings), system_clock)


def live_keyring(settings: Settings, store: KeyStore) -> LiveKeyring:
    """Return the keys of a running service; they are loaded when a key is first needed.

    Raises:
        InvalidSetting: if there is no master key, or its file cannot be used.
    """
    manager = key_manager(settings, store)
    return LiveKeyring(store, manager, key_policy(settings), system_clock)


def ensure_keys(settings: Settings, store: KeyStore) -> None:
    """Ensure that there are keys, and that the configured master key decrypts them.

    Raises:
        InvalidSetting: if there is no master key, or it does not decrypt the keys.
        StoreUnavailable: if the store does not respond.
    """
    manager = key_manager(settings, store)
    with reporting_other_master_key(settings):
        manager.ensure_signing_key()


def revoke_key(
    manager: KeyManager, sessions: SessionStore, kid: str, *, master_key_is_lost: bool
) -> None:
    """Revoke a key at once; every process that follows the revocations rejects its tokens.

    Idempotent. Repeat it if the second step failed.

    Args:
        manager: of the keys.
        sessions: the store whose revocations the processes follow.
        kid: the key id.
        master_key_is_lost: whether to continue although the keys cannot be decrypted.

    Raises:
        KeyOperationError: if there is no such key.
        DecryptionFailed: if the keys are encrypted with another master key.
        StoreUnavailable: if a store does not respond.
    """
    until = manager.revoke(kid, without_decryption=master_key_is_lost)
    sessions.revoke(Revocation(RevocationKind.KEY, kid, system_clock(), until))


@contextlib.contextmanager
def reporting_other_master_key(settings: Settings) -> Iterator[None]:
    """Turn the failure to decrypt the signing keys into an error about the master key."""
    try:
        yield
    except DecryptionFailed as error:
        file = master_key_file(settings) if settings.master_key is None else None
        raise InvalidSetting(
            "WATCHWORD_MASTER_KEY" if file is None else str(file),
            f"does not decrypt the signing keys in this database ({error}); nothing was changed. "
            "Set the master key that they were encrypted with",
        ) from error
