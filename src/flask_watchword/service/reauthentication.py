"""The password asked for again: a session alone may be a stolen one."""

import contextlib
from collections.abc import Iterator, Mapping

from flask_watchword.accounts.changes import WrongPassword
from flask_watchword.service.audit_events import current_session, record
from flask_watchword.service.components import components
from flask_watchword.service.throttles import counting_failures

#: What an endpoint refuses that asks for the password.
REFUSALS: Mapping[int, tuple[str, ...]] = {
    403: ("wrong_password",),
    429: ("too_many_tries",),
    503: ("login_busy",),
}


@contextlib.contextmanager
def reauthenticating(user_id: str) -> Iterator[None]:
    """Count a password that somebody types who is signed in, and log one that is wrong.

    Raises:
        TooManyTries: when there were too many wrong ones.
    """
    try:
        with counting_failures(components().limits.reauthentication(user_id), WrongPassword):
            yield
    except WrongPassword:
        record("reauthentication_failed", user_id, current_session())
        raise
