"""Recovery codes for users who have lost their authenticator: ten single-use codes."""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Protocol

from flask_watchword.accounts.transaction import FeatureRepository, Repository, Transaction

#: Number of codes of a user.
COUNT = 10

# Without i, l, o and u, which are easily misread (Crockford's base 32).
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_GROUPS = 4
_GROUP_CHARACTERS = 4

_MISREAD = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})


class RecoveryCodeStore(FeatureRepository, Protocol):
    """Stores the hashes of unused codes."""

    def replace(self, user_id: str, digests: Sequence[str]) -> None:
        """Replace all codes of a user in one transaction."""

    def use(self, user_id: str, digest: str) -> bool:
        """Delete a code; return whether it existed. Of concurrent calls only one succeeds."""

    def left(self, user_id: str) -> int:
        """Return the number of unused codes."""


#: The recovery codes, in a transaction.
RECOVERY_CODES: Repository[RecoveryCodeStore] = Repository("recovery codes")

RECOVERY_CODE_USED = "recovery_code_used"
RECOVERY_CODES_RENEWED = "recovery_codes_renewed"


def new_recovery_codes() -> list[str]:
    """Return new codes, to show to the user once."""
    return [_new_code() for _ in range(COUNT)]


def recovery_digest(user_id: str, code: str) -> str:
    """Return the hash of a code, which is stored.

    A code has 80 random bits, so that a plain hash cannot be inverted, and one query finds it. The
    id of the user is part of it: a hash that is copied to the row of another user is useless.
    Hyphens, spaces, upper case and misread letters make no difference.
    """
    normalized = code.strip().lower().translate(_MISREAD)
    text = f"recovery code\0{user_id}\0{normalized}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def replace_codes(tx: Transaction, user_id: str, codes: Sequence[str]) -> None:
    """Replace the recovery codes of a user."""
    tx.get(RECOVERY_CODES).replace(user_id, [recovery_digest(user_id, one) for one in codes])


def forget_codes(tx: Transaction, user_id: str) -> None:
    """Delete the codes of a user."""
    tx.get(RECOVERY_CODES).replace(user_id, [])


def use_recovery_code(tx: Transaction, user_id: str, code: str) -> bool:
    """Use up a recovery code and notify its user; return whether the code was valid."""
    store = tx.get(RECOVERY_CODES)
    if not store.use(user_id, recovery_digest(user_id, code)):
        return False
    left = store.left(user_id)
    tx.notify(RECOVERY_CODE_USED, tx.users.by_id(user_id), about=str(left))
    tx.audit("recovery_code_used", user_id, left=left)
    return True


def _new_code() -> str:
    groups = (
        "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_CHARACTERS)) for _ in range(_GROUPS)
    )
    return "-".join(groups)
