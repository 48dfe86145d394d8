"""The protocol of a second factor."""

from collections.abc import Sequence
from typing import Any, Protocol

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.rate_limits import Hit
from flask_watchword.accounts.transaction import Repositories
from flask_watchword.service.configuration.settings import Settings


class Factor(Protocol):
    """A second factor, such as an authenticator. A feature adds it to the login.

    A login whose password is right gets an MFA challenge when the user has enrolled a factor. An
    endpoint of the feature answers the challenge with
    :func:`~flask_watchword.service.authentication.second_factor.answer_challenge`. Sensitive
    changes take the factor too: each of their bodies has the field of the factor.

    Attributes:
        field: the member of a JSON body that carries the answer of the user.
        answer_type: the type of that member, with its limits and its description.
        amr: what the factor adds to ``amr`` of the tokens (RFC 8176).
        is_backup: whether it only replaces another factor, such as a recovery code. A user without
            another factor has no second factor.
    """

    field: str
    answer_type: Any
    amr: str
    is_backup: bool

    def is_enrolled(self, repositories: Repositories, user_id: str) -> bool:
        """Tell whether a user has this factor."""

    def hits(self, settings: Settings, user_id: str) -> Sequence[Hit]:
        """Return what an attempt counts on. A right answer is refunded."""

    def verify(self, accounts: Accounts, user_id: str, answer: Any) -> bool:
        """Verify the answer of a user and use it up; return whether it was right.

        Of any number of concurrent calls with one answer, at most one returns true.
        """
