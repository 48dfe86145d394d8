"""The signing keys, and the master key that they are sealed under."""

from pathlib import Path

from flask_watchword.extension.checks.results import CheckResult, fine, problem, warning
from flask_watchword.jose.durations import dated, duration
from flask_watchword.keys.encryption import DecryptionFailed, Encryptor
from flask_watchword.keys.ring import check_decryptable, public_outline
from flask_watchword.keys.store import StoredKeyring
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.signing.signing_keys import key_policy

#: Seconds after which a rotation that is due should have been seen.
_OVERDUE = 86_400.0


def check_missing_master_key(file: Path | None, *, is_needed: bool) -> CheckResult:
    """Check that no value in the database needs the master key that is not there.

    Args:
        file: where it would be.
        is_needed: whether the database holds values encrypted with one.
    """
    check = "master key"
    if not is_needed:
        return fine(check, "none yet: one is made when the service starts")
    return problem(
        check,
        f"{file} is missing, and the database holds values encrypted with the master key in it",
        "restore this file from its backup, or give the key as WATCHWORD_MASTER_KEY",
    )


def check_master_key(stored: StoredKeyring, encryptor: Encryptor, now: float) -> CheckResult:
    """Check that the master key opens the keys in the database.

    Args:
        stored: the keys.
        encryptor: of the master key.
        now: seconds since the epoch.
    """
    check = "master key"
    try:
        check_decryptable(stored, encryptor, now)
    except DecryptionFailed as error:
        return problem(
            check,
            f"does not open the signing keys in the database ({error})",
            "give the one they were made under; if it is lost, see: watchword keys revoke --help",
        )
    return fine(check, "opens the keys in the database")


def check_signing_key(stored: StoredKeyring, settings: Settings, now: float) -> CheckResult:
    """Check that a key signs, and that another will take its place in time."""
    check, outline, policy = "signing key", public_outline(stored), key_policy(settings)
    active = outline.active(now)
    if active is None:
        if not stored.keys:
            return fine(check, "none yet: one is made when the service starts")
        return problem(
            check, "no key signs: nobody can log in", "watchword keys rotate --now, or start it"
        )
    waiting = next((entry for entry in outline.entries if entry.is_pending(now)), None)
    if waiting is not None:
        begins = dated(waiting.active_from or now, now)
        return fine(check, f"{active.kid}, replaced by {waiting.kid} {begins}")
    if not policy.rotation:
        age = duration(now - (active.active_from or now))
        return fine(check, f"{active.kid} since {age}; replaced by watchword keys rotate alone")
    due = (active.active_from or now) + policy.rotation
    if now > due + _OVERDUE:
        return warning(
            check,
            f"{active.kid} should have been replaced {dated(due, now)}: no worker was asked for "
            "keys since",
            "see that the service runs, or: watchword keys rotate",
        )
    return fine(check, f"{active.kid}, replaced {dated(due, now)}")
