"""The password asked for again: a session alone may be a stolen one."""

import contextlib
from collections.abc import Iterator, Mapping

from flask_watchword.accounts.passwords import HasherOverloaded
from flask_watchword.accounts.users import User
from flask_watchword.extension.verification.current import get_jwt_identity
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.service.audit_events import current_session, record
from flask_watchword.service.context import service_context
from flask_watchword.service.features.password_change.flow import WrongPassword, confirm_password
from flask_watchword.service.hashing import hashing_share
from flask_watchword.service.rate_limiting import counting_failures, counting_successes

#: What an endpoint refuses that asks for the password.
REFUSALS: Mapping[int, tuple[str, ...]] = {
    403: ("wrong_password",),
    429: ("too_many_tries",),
    503: ("login_busy",),
}

#: What a password ends in that was wrong or was not checked.
_NOT_ACCEPTED = (WrongPassword, HasherOverloaded, StoreUnavailable)


@contextlib.contextmanager
def reauthenticating(user_id: str) -> Iterator[None]:
    """Count the password that a logged-in user enters again, and log one that is wrong.

    Raises:
        TooManyTries: when there were too many, wrong ones above all.
    """
    limits = service_context().limits
    try:
        with (
            hashing_share(user_id),
            counting_failures(limits.reauthentication(user_id), WrongPassword),
            # Whatever else an endpoint refuses, a wrong second factor or one too many, the right
            # password has cost a hash.
            counting_successes(limits.accepted_password(user_id), *_NOT_ACCEPTED),
        ):
            yield
    except WrongPassword:
        record("reauthentication_failed", user_id, current_session())
        raise


def reauthenticated_user(password: str) -> User:
    """Return the current user, who has entered the password again.

    Raises:
        WrongPassword: when the password is not the user's.
        TooManyTries: when there were too many, wrong ones above all.
        HasherOverloaded: when no core became free in time.
    """
    user_id = get_jwt_identity()
    with reauthenticating(user_id):
        return confirm_password(service_context().accounts, user_id, password)
