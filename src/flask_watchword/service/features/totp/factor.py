"""The authenticator as a second factor."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.rate_limits import Hit
from flask_watchword.accounts.transaction import Repositories
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.features.totp.flow import TOTP, verify_totp
from flask_watchword.service.features.totp.limits import totp_hits

#: Six digits, which may have a space between them.
TotpCode = Annotated[
    str,
    msgspec.Meta(
        max_length=16,
        description="a code of the authenticator; required if the user has one and no other "
        "factor is sent",
    ),
]


class TotpFactor:
    """See :class:`~flask_watchword.service.authentication.factor.Factor`."""

    field = "code"
    answer_type: Any = TotpCode
    amr = "otp"
    is_backup = False

    def is_enrolled(self, repositories: Repositories, user_id: str) -> bool:
        """Tell whether a user has a confirmed authenticator."""
        return repositories.get(TOTP).has_factor(user_id)

    def hits(self, settings: Settings, user_id: str) -> Sequence[Hit]:
        """Return what a code counts on."""
        return totp_hits(settings.limits, user_id)

    def verify(self, accounts: Accounts, user_id: str, answer: str) -> bool:
        """Verify a code of the authenticator and use it up."""
        store = accounts.repositories.get(TOTP)
        return verify_totp(store, user_id, answer, accounts.clock())
