"""What sensitive changes ask for: the password, and a second factor where the user has one."""

import contextlib
from collections.abc import Iterator, Mapping

import msgspec
from flask import abort

from flask_watchword.service.authentication.reauthentication import REFUSALS
from flask_watchword.service.authentication.second_factor import require_second_factor
from flask_watchword.service.fields import Password, RecoveryCode, TotpCode
from flask_watchword.service.responses import error_response

#: What an endpoint may refuse that asks for the password and the second factor.
CONFIRMATION_REFUSALS: Mapping[int, tuple[str, ...]] = {
    **REFUSALS,
    403: (*REFUSALS[403], "second_factor_required", "wrong_code"),
    503: (*REFUSALS[503], "second_factor_unavailable"),
}


class SecondFactor(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A second factor.

    Attributes:
        code: of the authenticator; needed where the user has one, unless `recovery_code` is given.
        recovery_code: one of the recovery codes; it is used up.
    """

    code: TotpCode | None = None
    recovery_code: RecoveryCode | None = None


class Confirmation(SecondFactor, forbid_unknown_fields=True, kw_only=True):
    """The password of the account, and a second factor where the user has one.

    Attributes:
        password: of the account.
        code: of the authenticator; needed where the user has one, unless `recovery_code` is given.
        recovery_code: one of the recovery codes; it is used up.
    """

    password: Password


@contextlib.contextmanager
def second_factor_shown(user_id: str, shown: SecondFactor) -> Iterator[None]:
    """Use up the second factor of a user who has one, then do what it is needed for.

    It comes after the password and after everything else that may be refused, because each code
    works once: a refusal must not cost one.

    Raises:
        SecondFactorRequired: when the user has a second factor and none is shown.
        WrongCode: when the one that is shown is not good.
        TooManyTries: when there were too many wrong ones.
        UnreadableSecret: when the authenticator's secret cannot be opened.
    """
    if shown.code is not None and shown.recovery_code is not None:
        msg = "Send either `code` or `recovery_code`, not both"
        abort(error_response(422, msg, "invalid_field", field="code"))
    require_second_factor(user_id, shown.code, shown.recovery_code)
    yield
