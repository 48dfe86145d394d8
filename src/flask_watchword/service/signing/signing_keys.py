"""The keys that these settings ask for, over the store that they are kept in."""

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
    """Return how keys are kept under these settings."""
    return KeyPolicy(
        algorithm=settings.key_algorithm,
        rotation=settings.key_rotation_days * _DAY,
        lead=float(settings.key_publish_seconds),
        token=float(max(settings.access_token_seconds, settings.refresh_token_seconds)),
    )


def key_manager(
    settings: Settings, store: KeyStore, *, master_key_is_lost: bool = False
) -> KeyManager:
    """Return who changes the keys of a store.

    Args:
        settings: with the database and the policy.
        store: of the keys.
        master_key_is_lost: see :func:`~flask_watchword.service.signing.master_key.load_encryptor`.

    Raises:
        InvalidSetting: when there is no master key, or its file cannot be used.
    """
    encryptor = load_encryptor(settings, is_lost=master_key_is_lost)
    return KeyManager(store, encryptor, key_policy(settings), system_clock)


def live_keyring(settings: Settings, store: KeyStore) -> LiveKeyring:
    """Return the keys of a running service; the store is asked when a key is first needed.

    Raises:
        InvalidSetting: when there is no master key, or its file cannot be used.
    """
    manager = key_manager(settings, store)
    return LiveKeyring(store, manager, key_policy(settings), system_clock)


def begin_keys(settings: Settings, store: KeyStore) -> None:
    """Make sure that there are keys, and that the master key of these settings opens them.

    Raises:
        InvalidSetting: when it does not, or there is none.
        StoreUnavailable: when the store does not answer.
    """
    manager = key_manager(settings, store)
    with refusing_other_master_key(settings):
        manager.ensure_signing_key()


def revoke_key(
    manager: KeyManager, sessions: SessionStore, kid: str, *, master_key_is_lost: bool
) -> None:
    """End a key at once, and have its tokens refused by every process that follows the log.

    To do it again does no harm, and is what to do when the second half could not be done.

    Args:
        manager: of the keys.
        sessions: whose log of revocations is followed.
        kid: the key.
        master_key_is_lost: whether to go on although the keys cannot be opened.

    Raises:
        KeyOperationError: when there is no such key.
        DecryptionFailed: when the keys are sealed under another master key.
        StoreUnavailable: when a store does not answer.
    """
    until = manager.revoke(kid, without_decryption=master_key_is_lost)
    sessions.revoke(Revocation(RevocationKind.KEY, kid, system_clock(), until))


@contextlib.contextmanager
def refusing_other_master_key(settings: Settings) -> Iterator[None]:
    """Say in one line that the master key of these settings is not that of the keys."""
    try:
        yield
    except DecryptionFailed as error:
        file = master_key_file(settings) if settings.master_key is None else None
        raise InvalidSetting(
            "WATCHWORD_MASTER_KEY" if file is None else str(file),
            f"does not open the signing keys in this database ({error}); nothing was changed. "
            "Give the master key that they were made under",
        ) from error
