"""A recovery code as a stand-in for a second factor."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.rate_limits import Hit
from flask_watchword.accounts.transaction import Repositories
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.features.recovery_codes.flow import RECOVERY_CODES, use_recovery_code
from flask_watchword.service.features.recovery_codes.limits import recovery_code_hits

#: 16 characters, with hyphens or spaces between them.
RecoveryCode = Annotated[
    str,
    msgspec.Meta(max_length=64, description="one of the recovery codes, which is used up"),
]


class RecoveryCodeFactor:
    """See :class:`~flask_watchword.service.authentication.factor.Factor`."""

    field = "recovery_code"
    answer_type: Any = RecoveryCode
    # RFC 8176 has no value for recovery codes; they replace a one-time password.
    amr = "otp"
    is_backup = True

    def is_enrolled(self, repositories: Repositories, user_id: str) -> bool:
        """Tell whether a user has a code left."""
        return repositories.get(RECOVERY_CODES).left(user_id) > 0

    def hits(self, settings: Settings, user_id: str) -> Sequence[Hit]:
        """Return what a code counts on."""
        return recovery_code_hits(settings.limits, user_id)

    def verify(self, accounts: Accounts, user_id: str, answer: str) -> bool:
        """Verify a code and use it up."""
        return accounts.transaction(lambda tx: use_recovery_code(tx, user_id, answer))
