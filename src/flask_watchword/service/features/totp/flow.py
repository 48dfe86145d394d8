"""Time-based one-time passwords as a second factor (RFC 6238), each of them used once."""

import hmac
from dataclasses import dataclass, field
from typing import Protocol

import pyotp

from flask_watchword.accounts.errors import SECOND_FACTOR_UNAVAILABLE, Rejected
from flask_watchword.accounts.transaction import FeatureRepository, Repository

#: Seconds of one step (RFC 6238 section 5.2).
STEP_SECONDS = 30

#: What every authenticator has: six digits, by HMAC-SHA-1 (RFC 6238 section 1.2).
DIGITS = 6

# Steps before and after the present one that are accepted: clocks differ, and typing takes time
# (RFC 6238 section 6 has one step of each).
_DRIFT = (-1, 0, 1)

_SECRET_CHARACTERS = 32  # of base32: 160 bits, as RFC 4226 section 4 (R6) recommends


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A user's authenticator.

    Attributes:
        user_id: whose it is.
        secret: what the authenticator and we have in common, in base32.
        created_at: seconds since the epoch.
        confirmed_at: when a first code has shown that the authenticator has it; ``None`` before
            that, and then it is no factor yet.
        last_step: the latest step of which a code was used; 0 for none.
    """

    user_id: str
    secret: str = field(repr=False)
    created_at: float
    confirmed_at: float | None = None
    last_step: int = 0

    @property
    def is_confirmed(self) -> bool:
        """Tell whether a sign-in needs it."""
        return self.confirmed_at is not None


class UnreadableSecret(Rejected):
    """A secret that cannot be decrypted, because its master key is missing.

    The factor still counts: the user cannot log in without a second factor. A recovery code needs
    no secret. The operator has to provide the master key.
    """

    def __init__(self) -> None:
        msg = "Codes cannot be verified at the moment; a recovery code can"
        super().__init__(SECOND_FACTOR_UNAVAILABLE, msg, retry_after=60)


class TotpStore(FeatureRepository, Protocol):
    """Keeps one authenticator a user, its secret sealed."""

    def begin(self, enrolment: Enrolment) -> bool:
        """Keep an authenticator that is not confirmed, in the place of one that is not either.

        One statement. Returns whether it did: it does not where one is confirmed, so that nobody
        who has only a session can put another in its place.
        """

    def get(self, user_id: str) -> Enrolment | None:
        """Return a user's authenticator, confirmed or not.

        Raises:
            UnreadableSecret: when its secret cannot be opened.
        """

    def confirm(self, user_id: str, created_at: float, step: int, now: float) -> bool:
        """Make the authenticator that was begun at a moment a factor; its first code is used.

        One compare-and-swap. Returns whether it did: not where another one was begun since, or
        one is confirmed.
        """

    def use_step(self, user_id: str, step: int) -> bool:
        """Use up a step, and with it every one before: one compare-and-swap.

        Returns whether it did: not where that step or a later one is used, or nothing confirmed.
        """

    def has_factor(self, user_id: str) -> bool:
        """Tell whether a user has a confirmed authenticator; no secret is opened."""

    def remove(self, user_id: str) -> bool:
        """Forget a user's authenticator; return whether there was one."""


TOTP_ADDED = "totp_added"
TOTP_REMOVED = "totp_removed"

#: The authenticators, in a transaction.
TOTP: Repository[TotpStore] = Repository("totp")


def new_enrolment(user_id: str, now: float) -> Enrolment:
    """Return an authenticator with a secret of its own, to be confirmed."""
    return Enrolment(user_id, pyotp.random_base32(_SECRET_CHARACTERS), now)


def otpauth_uri(enrolment: Enrolment, account: str, issuer: str) -> str:
    """Return what a QR code for an authenticator holds.

    Args:
        enrolment: whose secret it is.
        account: what to show beside the code: the e-mail address.
        issuer: the name of the service.
    """
    return pyotp.TOTP(enrolment.secret, digits=DIGITS, interval=STEP_SECONDS).provisioning_uri(
        # A colon separates the two where authenticators read them.
        name=account.replace(":", " "),
        issuer_name=issuer.replace(":", " "),
    )


def confirm_totp(store: TotpStore, user_id: str, code: str, now: float) -> bool:
    """Make a user's new authenticator a factor if this is a code of it; tell whether it is."""
    enrolment = store.get(user_id)
    if enrolment is None or enrolment.is_confirmed:
        return False
    step = matching_step(enrolment, code, now)
    return step is not None and store.confirm(user_id, enrolment.created_at, step, now)


def verify_totp(store: TotpStore, user_id: str, code: str, now: float) -> bool:
    """Tell whether a code is one of the user's authenticator, and use it up.

    Of any number of tries with one code at once, one succeeds.
    """
    enrolment = store.get(user_id)
    if enrolment is None or not enrolment.is_confirmed:
        return False
    step = matching_step(enrolment, code, now)
    return step is not None and store.use_step(user_id, step)


def matching_step(enrolment: Enrolment, code: str, now: float) -> int | None:
    """Return the step that a code is of; ``None`` for none. Whether it is used the store knows.

    Every step is compared, in constant time, whichever of them it is.
    """
    typed = "".join(code.split())
    if len(typed) != DIGITS or not (typed.isascii() and typed.isdigit()):
        return None
    present = int(now // STEP_SECONDS)
    generator = pyotp.HOTP(enrolment.secret, digits=DIGITS)
    matching = None
    for step in (present + drift for drift in _DRIFT):
        if step >= 0 and hmac.compare_digest(generator.at(step), typed):
            matching = step
    return matching
