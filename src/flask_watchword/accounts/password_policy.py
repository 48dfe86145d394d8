"""The policy for new passwords (NIST SP 800-63B-4 section 3.1.1.2)."""

import unicodedata
from collections.abc import Iterable

from flask_watchword.accounts.errors import INVALID_FIELD, Rejected
from flask_watchword.accounts.password_strength import (
    STRONG,
    STRONG_BESIDE_SECOND_FACTOR,
    weakness,
)
from flask_watchword.accounts.passwords import MAX_PASSWORD_CHARACTERS

#: Minimum length of a password that is the only factor.
MIN_PASSWORD_CHARACTERS = 15
#: Minimum length of a password beside a second factor.
MIN_CHARACTERS_BESIDE_SECOND_FACTOR = 8


class UnacceptablePassword(Rejected, ValueError):
    """A new password that the policy rejects.

    Args:
        reason: what is wrong with it; also the text of the exception.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(INVALID_FIELD, f"The password is rejected: {reason}", field="password")
        self.args = (reason,)


def check_new_password(
    password: str,
    *,
    about: Iterable[str] = (),
    second_factor: bool = False,
    least: int = MIN_PASSWORD_CHARACTERS,
) -> None:
    """Reject a weak password before it is hashed.

    Every character counts as one; no kind of character is required.

    Args:
        password: the new password.
        about: texts that it must not consist of: the e-mail address, the name of the service.
        second_factor: whether logins require a second factor.
        least: minimum length if it is the only factor.

    Raises:
        UnacceptablePassword: if it is too short, too long, easy to guess, or contains a NUL.
    """
    if second_factor:
        least = MIN_CHARACTERS_BESIDE_SECOND_FACTOR
    _check_form(password, least)
    # zxcvbn counts ten guesses for a random character, so eight of them never reach STRONG.
    is_short = least == MIN_CHARACTERS_BESIDE_SECOND_FACTOR
    reason = weakness(password, about, STRONG_BESIDE_SECOND_FACTOR if is_short else STRONG)
    if reason is not None:
        raise UnacceptablePassword(reason)


def _check_form(password: str, least: int) -> None:
    if len(password) > MAX_PASSWORD_CHARACTERS:
        raise UnacceptablePassword(f"it has more than {MAX_PASSWORD_CHARACTERS} characters")
    if "\0" in password:
        raise UnacceptablePassword(
            "it contains a NUL character, at which other software truncates it"
        )
    length = len(unicodedata.normalize("NFC", password))
    if length < least:
        raise UnacceptablePassword(
            f"it has {length} characters and needs at least {least}: "
            "a longer password is harder to guess"
        )
