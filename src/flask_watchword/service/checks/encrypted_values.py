"""What is sealed: whether the master keys are there that it is under, and whether one can go."""

from collections import Counter
from collections.abc import Callable, Mapping

from flask_watchword.extension.checks.results import CheckResult, fine, problem, warning
from flask_watchword.keys.encryption import Encryptor
from flask_watchword.keys.ring import private_parts
from flask_watchword.keys.store import StoredKeyring

#: The name of the check.
SEALED_VALUES = "sealed values"


def check_sealed_values(
    stored: StoredKeyring,
    of_accounts: Mapping[str, Mapping[bytes, int]],
    encryptor: Encryptor,
    now: float,
) -> CheckResult:
    """Check that everything is under the first master key.

    Args:
        stored: the signing keys.
        of_accounts: by kind, how many values begin with what tells their master key.
        encryptor: of the master keys.
        now: seconds since the epoch.
    """
    keys = Counter(
        sealed[: len(encryptor.current_prefix)] for _, sealed in private_parts(stored, now)
    )
    kinds = {"signing keys": keys, **of_accounts}
    lost = _counted(kinds, lambda head: not encryptor.can_decrypt(head))
    if lost:
        return problem(
            SEALED_VALUES,
            f"under a master key that is not there: {lost}",
            "give that one as well, WATCHWORD_MASTER_KEY=NEW,OLD, then: watchword keys reseal. If "
            "it is lost, whoever has an authenticator logs in by a recovery code and makes another",
        )
    older = _counted(kinds, lambda head: not encryptor.is_under_current_key(head))
    if older:
        return warning(
            SEALED_VALUES,
            f"under an older master key, which has to stay until then: {older}",
            "watchword keys reseal",
        )
    everything = _counted(kinds, lambda _: True)
    return fine(SEALED_VALUES, f"all under the first master key: {everything or 'none yet'}")


def _counted(kinds: Mapping[str, Mapping[bytes, int]], is_meant: Callable[[bytes], bool]) -> str:
    counts = {
        kind: sum(count for head, count in heads.items() if is_meant(head))
        for kind, heads in kinds.items()
    }
    return ", ".join(f"{kind} {count}" for kind, count in counts.items() if count)
