"""Check encrypted values: their master keys must be configured, and older ones can be removed."""

from collections import Counter
from collections.abc import Callable, Mapping

from flask_watchword.extension.checks.results import CheckResult, fine, problem, warning
from flask_watchword.keys.encryption import Encryptor
from flask_watchword.keys.ring import private_parts
from flask_watchword.keys.store import StoredKeyring

#: The name of the check.
ENCRYPTED_VALUES = "encrypted values"


def check_encrypted_values(
    stored: StoredKeyring,
    of_accounts: Mapping[str, Mapping[bytes, int]],
    encryptor: Encryptor,
    now: float,
) -> CheckResult:
    """Check that all values are encrypted with the first master key.

    Args:
        stored: the signing keys.
        of_accounts: by kind, the number of values for each prefix, which identifies the master key.
        encryptor: with the configured master keys.
        now: seconds since the epoch.
    """
    keys = Counter(
        sealed[: len(encryptor.current_prefix)] for _, sealed in private_parts(stored, now)
    )
    kinds = {"signing keys": keys, **of_accounts}
    lost = _counts(kinds, lambda prefix: not encryptor.can_decrypt(prefix))
    if lost:
        return problem(
            ENCRYPTED_VALUES,
            f"under a master key that is not configured: {lost}",
            "configure that one as well, WATCHWORD_MASTER_KEY=NEW,OLD, then: watchword keys "
            "reseal. If it is lost, users with an authenticator log in with a recovery code and "
            "enrol again",
        )
    older = _counts(kinds, lambda prefix: not encryptor.is_under_current_key(prefix))
    if older:
        return warning(
            ENCRYPTED_VALUES,
            f"under an older master key, which is still needed: {older}",
            "watchword keys reseal",
        )
    everything = _counts(kinds, lambda _: True)
    return fine(ENCRYPTED_VALUES, f"all under the first master key: {everything or 'none yet'}")


def _counts(kinds: Mapping[str, Mapping[bytes, int]], matches: Callable[[bytes], bool]) -> str:
    counts = {
        kind: sum(count for prefix, count in prefixes.items() if matches(prefix))
        for kind, prefixes in kinds.items()
    }
    return ", ".join(f"{kind} {count}" for kind, count in counts.items() if count)
