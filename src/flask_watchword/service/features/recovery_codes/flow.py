"""Codes for who has lost their authenticator: ten, shown once, each good for one sign-in."""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Protocol

from flask_watchword.accounts.transaction import FeatureRepository, Repository, Transaction

#: How many a user gets at a time.
COUNT = 10

# Without i, l, o and u, which people take for others (Crockford's base 32).
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_GROUPS = 4
_GROUP_CHARACTERS = 4

_MISREAD = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})


class RecoveryCodeStore(FeatureRepository, Protocol):
    """Keeps hashes of codes that are not used yet."""

    def replace(self, user_id: str, digests: Sequence[str]) -> None:
        """Keep these and none that were there before: all in one transaction."""

    def use(self, user_id: str, digest: str) -> bool:
        """Delete one; return whether it was there. One statement: of several only one succeeds."""

    def left(self, user_id: str) -> int:
        """Return how many are not used yet."""


#: The recovery codes, in a transaction.
RECOVERY_CODES: Repository[RecoveryCodeStore] = Repository("recovery codes")

RECOVERY_CODE_USED = "recovery_code_used"
RECOVERY_CODES_RENEWED = "recovery_codes_renewed"


def new_recovery_codes() -> list[str]:
    """Return codes to show to a user, once."""
    return [_new_code() for _ in range(COUNT)]


def recovery_digest(user_id: str, code: str) -> str:
    """Return what is kept of a code.

    A code has 80 random bits, so that a plain hash cannot be turned round and one look-up finds
    it. The user's id is part of it: a hash that is copied to another user's row is of no use.
    Hyphens, blanks, capitals and the letters people take for others do not matter.
    """
    typed = code.strip().lower().translate(_MISREAD)
    text = f"recovery code\0{user_id}\0{typed}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def replace_codes(tx: Transaction, user_id: str, codes: Sequence[str]) -> None:
    """Give a user new recovery codes in place of the old ones."""
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
