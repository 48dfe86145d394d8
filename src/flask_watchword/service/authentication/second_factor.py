"""Second factors in a login and in sensitive changes."""

from collections.abc import Sequence
from typing import Any

import msgspec
from flask import Response

from flask_watchword.accounts.errors import (
    INVALID_FIELD,
    SECOND_FACTOR_UNAVAILABLE,
    TOO_MANY_TRIES,
    Rejected,
)
from flask_watchword.accounts.login_challenge import SECOND_FACTOR
from flask_watchword.accounts.rate_limits import Attempt
from flask_watchword.accounts.users import User
from flask_watchword.service.authentication.challenge_tokens import (
    challenged_user,
    new_challenge_token,
)
from flask_watchword.service.authentication.factor import Factor
from flask_watchword.service.authentication.login import check_transport, finish_login
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.error_codes import (
    CROSS_ORIGIN,
    INVALID_CREDENTIALS,
    INVALID_PENDING_TOKEN,
    INVALID_SECOND_FACTOR,
    SECOND_FACTOR_REQUIRED,
    WRONG_CODE,
)
from flask_watchword.service.rate_limiting import (
    counting_attempts,
    counting_failures,
    transaction_with_limits,
)
from flask_watchword.service.responses import json_response
from flask_watchword.service.token_response import TokenTransport
from flask_watchword.service.tokens import PASSWORD_METHOD

#: The errors of an endpoint that answers an MFA challenge.
CHALLENGE_ERRORS = (
    INVALID_PENDING_TOKEN,
    INVALID_SECOND_FACTOR,
    INVALID_CREDENTIALS,
    CROSS_ORIGIN,
    TOO_MANY_TRIES,
    SECOND_FACTOR_UNAVAILABLE,
)


class WrongCode(Rejected):
    """An answer to a second factor that is wrong, expired or used."""

    def __init__(self) -> None:
        super().__init__(WRONG_CODE, "The code is wrong, or was used before; take the next one")


class MfaChallenge(msgspec.Struct):
    """The response to a login whose password is right and whose user has a second factor.

    Attributes:
        mfa_required: always true.
        pending_token: the MFA challenge token, to send with the second factor.
        factors: the factors that can be used, by the member of the body that carries them.
    """

    mfa_required: bool
    pending_token: str
    factors: list[str]


def challenge_response(context: ServiceContext, user: User, attempt: Attempt) -> Response | None:
    """Return the MFA challenge of a user; ``None`` for a user without a second factor.

    The attempt is counted as a success then, whatever follows: its password was right.
    """
    if not context.has_second_factor(user):
        return None
    token = new_challenge_token(context, SECOND_FACTOR, user)
    repositories = context.repositories
    enrolled = [one.field for one in context.factors if one.is_enrolled(repositories, user.id)]
    # Last: after an error the caller refunds the attempt.
    transaction_with_limits(
        context,
        lambda tx: tx.audit("second_factor_asked", user.id),
        lambda limits: limits.refund(attempt.failure_hits),
    )
    return json_response(MfaChallenge(mfa_required=True, pending_token=token, factors=enrolled))


def answer_challenge(
    context: ServiceContext,
    pending_token: str,
    answers: object,
    factors: Sequence[Factor],
    transport: TokenTransport,
) -> Response:
    """Finish a login: verify the answer to an MFA challenge, and respond with tokens.

    Args:
        context: the service.
        pending_token: the MFA challenge token.
        answers: has the answer as the attribute that :attr:`Factor.field` names.
        factors: those that may answer.
        transport: whether the tokens come in the body or in cookies.

    Raises:
        Rejected: with ``invalid_pending_token`` or ``invalid_second_factor``.
        TooManyAttempts: after too many wrong answers, from any address.
    """
    check_transport(context, transport)
    factor, answer = _only_answer(answers, factors)
    user = challenged_user(context, SECOND_FACTOR, pending_token)
    hits = tuple(factor.hits(context.settings, user.id))
    try:
        with counting_attempts(context, hits, WrongCode):
            _use_up(context, user.id, factor, answer)
            # The hits of the password were refunded when it was right.
            attempt = Attempt(user.email_key, context.client_address, hits)
            methods = (PASSWORD_METHOD, factor.amr)
            return finish_login(context, user, methods, attempt, transport)
    except WrongCode as error:
        context.audit("second_factor_failed", user.id)
        raise Rejected(INVALID_SECOND_FACTOR, error.message) from error


def require_second_factor(context: ServiceContext, user_id: str, answers: object) -> None:
    """Use up the second factor of a user who has one; a user without one needs none.

    The user is logged in and has entered the password. Both can be stolen together; the second
    factor is another device.

    Args:
        context: the service.
        user_id: the id of the user.
        answers: has the answers as attributes, by :attr:`Factor.field`.

    Raises:
        Rejected: with ``second_factor_required``, when the user has a second factor and no answer
            is given.
        WrongCode: when the answer is wrong; nothing is used up then.
        TooManyAttempts: after too many wrong answers, from any address.
    """
    given = _answers(answers, context.factors)
    if len(given) > 1:
        field = given[0][0].field
        raise Rejected(INVALID_FIELD, f"Send only one of {_names(context.factors)}", field=field)
    if not context.has_factor_in(context.repositories, user_id):
        return
    if not given:
        context.audit("second_factor_asked", user_id)
        msg = f"Send {_names(context.factors)} with the password"
        raise Rejected(SECOND_FACTOR_REQUIRED, msg)
    ((factor, answer),) = given
    try:
        verify_factor(context, user_id, factor, answer)
    except WrongCode:
        context.audit("second_factor_failed", user_id)
        raise


def verify_factor(context: ServiceContext, user_id: str, factor: Factor, answer: Any) -> None:
    """Verify an answer to a factor, and use it up.

    Raises:
        WrongCode: when it is wrong; nothing is used up then.
        TooManyAttempts: after too many wrong answers, from any address.
    """
    with counting_failures(context, factor.hits(context.settings, user_id), WrongCode):
        _use_up(context, user_id, factor, answer)


def _use_up(context: ServiceContext, user_id: str, factor: Factor, answer: Any) -> None:
    if not factor.verify(context.accounts, user_id, answer):
        raise WrongCode


def _only_answer(answers: object, factors: Sequence[Factor]) -> tuple[Factor, Any]:
    given = _answers(answers, factors)
    if len(given) != 1:
        raise Rejected(INVALID_FIELD, f"Send one of {_names(factors)}", field=factors[0].field)
    return given[0]


def _answers(answers: object, factors: Sequence[Factor]) -> list[tuple[Factor, Any]]:
    found = [(factor, getattr(answers, factor.field, None)) for factor in factors]
    return [(factor, answer) for factor, answer in found if answer is not None]


def _names(factors: Sequence[Factor]) -> str:
    return ", ".join(f"`{factor.field}`" for factor in factors)
