"""Check the signing keys, and the master key that encrypts them."""

from pathlib import Path

from flask_watchword.extension.checks.results import CheckResult, fine, problem, warning
from flask_watchword.jose.durations import dated, duration
from flask_watchword.keys.encryption import DecryptionFailed, Encryptor
from flask_watchword.keys.ring import check_decryptable, public_outline
from flask_watchword.keys.store import StoredKeyring
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.signing.signing_keys import key_policy

#: Seconds by which a due rotation may be late before there is a warning.
_OVERDUE = 86_400.0


def check_missing_master_key(file: Path | None, *, is_needed: bool) -> CheckResult:
    """Check that no value in the database needs the missing master key.

    Args:
        file: where the master key would be stored.
        is_needed: whether the database holds encrypted values.
    """
    check = "master key"
    if not is_needed:
        return fine(check, "none yet: the service creates one when it starts")
    return problem(
        check,
        f"{file} is missing, and the database holds values encrypted with the master key in it",
        "restore this file from its backup, or set the key as WATCHWORD_MASTER_KEY",
    )


def check_master_key(stored: StoredKeyring, encryptor: Encryptor, now: float) -> CheckResult:
    """Check that the master key decrypts the signing keys in the database.

    Args:
        stored: the keys.
        encryptor: with the configured master key.
        now: seconds since the epoch.
    """
    check = "master key"
    try:
        check_decryptable(stored, encryptor, now)
    except DecryptionFailed as error:
        return problem(
            check,
            f"does not decrypt the signing keys in the database ({error})",
            "set the one they were encrypted with; if it is lost, see: watchword keys revoke "
            "--help",
        )
    return fine(check, "decrypts the keys in the database")


def check_signing_key(stored: StoredKeyring, settings: Settings, now: float) -> CheckResult:
    """Check that there is an active signing key, and that it will be rotated in time."""
    check, outline, policy = "signing key", public_outline(stored), key_policy(settings)
    active = outline.active(now)
    if active is None:
        if not stored.keys:
            return fine(check, "none yet: the service creates one when it starts")
        return problem(
            check,
            "no key signs: logins fail",
            "watchword keys rotate --now, or start the service",
        )
    pending = next((entry for entry in outline.entries if entry.is_pending(now)), None)
    if pending is not None:
        start = dated(pending.active_from or now, now)
        return fine(check, f"{active.kid}, replaced by {pending.kid} {start}")
    if not policy.rotation:
        age = duration(now - (active.active_from or now))
        return fine(check, f"{active.kid} since {age}; replaced only by watchword keys rotate")
    due = (active.active_from or now) + policy.rotation
    if now > due + _OVERDUE:
        return warning(
            check,
            f"{active.kid} should have been replaced {dated(due, now)}: no worker has used its "
            "keys since",
            "check that the service runs, or: watchword keys rotate",
        )
    return fine(check, f"{active.kid}, replaced {dated(due, now)}")
