"""Time-based one-time passwords (RFC 6238) as a second factor; each can be used once."""

import hmac
from dataclasses import dataclass, field
from typing import Protocol

import pyotp

from flask_watchword.accounts.errors import SECOND_FACTOR_UNAVAILABLE, Rejected
from flask_watchword.accounts.transaction import FeatureRepository, Repository

#: Seconds of one step (RFC 6238 section 5.2).
STEP_SECONDS = 30

#: The format that every authenticator supports: six digits, HMAC-SHA-1 (RFC 6238 section 1.2).
DIGITS = 6

# Accepted steps, relative to the current one: clocks differ, and typing takes time (RFC 6238
# section 6 recommends one step in each direction).
_DRIFT = (-1, 0, 1)

_SECRET_CHARACTERS = 32  # of base32: 160 bits, as RFC 4226 section 4 (R6) recommends


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A user's authenticator.

    Attributes:
        user_id: the id of the user.
        secret: the shared secret, in base32.
        created_at: seconds since the epoch.
        confirmed_at: when the first code was verified; ``None`` before that, when it is not a
            factor yet.
        last_step: the latest step whose code was used; 0 for none.
    """

    user_id: str
    secret: str = field(repr=False)
    created_at: float
    confirmed_at: float | None = None
    last_step: int = 0

    @property
    def is_confirmed(self) -> bool:
        """Tell whether it is a factor of each login."""
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
    """Stores one authenticator for each user, with its secret encrypted."""

    def begin(self, enrolment: Enrolment) -> bool:
        """Store an unconfirmed authenticator, replacing an unconfirmed one.

        One statement. Returns whether it was stored: not if one is confirmed, so that a stolen
        session cannot replace it.
        """

    def get(self, user_id: str) -> Enrolment | None:
        """Return a user's authenticator, confirmed or not.

        Raises:
            UnreadableSecret: when its secret cannot be decrypted.
        """

    def confirm(self, user_id: str, created_at: float, step: int, now: float) -> bool:
        """Confirm the authenticator with this creation time, and use up its first code.

        One compare-and-swap. Returns whether it was confirmed: not if another one was stored since,
        or one is confirmed already.
        """

    def use_step(self, user_id: str, step: int) -> bool:
        """Use up a step and all earlier ones, with one compare-and-swap.

        Returns whether it did: not if this step or a later one is used, or there is no confirmed
        authenticator.
        """

    def has_factor(self, user_id: str) -> bool:
        """Tell whether a user has a confirmed authenticator; no secret is decrypted."""

    def remove(self, user_id: str) -> bool:
        """Delete a user's authenticator; return whether there was one."""


TOTP_ADDED = "totp_added"
TOTP_REMOVED = "totp_removed"

#: The authenticators, in a transaction.
TOTP: Repository[TotpStore] = Repository("totp")


def new_enrolment(user_id: str, now: float) -> Enrolment:
    """Return an unconfirmed authenticator with a new secret."""
    return Enrolment(user_id, pyotp.random_base32(_SECRET_CHARACTERS), now)


def otpauth_uri(enrolment: Enrolment, account: str, issuer: str) -> str:
    """Return the URI to show as a QR code.

    Args:
        enrolment: the authenticator.
        account: the label of the account: the e-mail address.
        issuer: the name of the service.
    """
    return pyotp.TOTP(enrolment.secret, digits=DIGITS, interval=STEP_SECONDS).provisioning_uri(
        # Authenticators take a colon as the separator between the two.
        name=account.replace(":", " "),
        issuer_name=issuer.replace(":", " "),
    )


def confirm_totp(store: TotpStore, user_id: str, code: str, now: float) -> bool:
    """Confirm a user's new authenticator if the code is right; return whether it was."""
    enrolment = store.get(user_id)
    if enrolment is None or enrolment.is_confirmed:
        return False
    step = matching_step(enrolment, code, now)
    return step is not None and store.confirm(user_id, enrolment.created_at, step, now)


def verify_totp(store: TotpStore, user_id: str, code: str, now: float) -> bool:
    """Verify a code of the user's authenticator and use it up; return whether it was right.

    Of concurrent calls with one code, only one succeeds.
    """
    enrolment = store.get(user_id)
    if enrolment is None or not enrolment.is_confirmed:
        return False
    step = matching_step(enrolment, code, now)
    return step is not None and store.use_step(user_id, step)


def matching_step(enrolment: Enrolment, code: str, now: float) -> int | None:
    """Return the step of a code, or ``None``. The store knows whether the step is used.

    The code is compared with every accepted step, each in constant time.
    """
    typed = "".join(code.split())
    if len(typed) != DIGITS or not (typed.isascii() and typed.isdigit()):
        return None
    current = int(now // STEP_SECONDS)
    generator = pyotp.HOTP(enrolment.secret, digits=DIGITS)
    matching = None
    for step in (current + drift for drift in _DRIFT):
        if step >= 0 and hmac.compare_digest(generator.at(step), typed):
            matching = step
    return matching
