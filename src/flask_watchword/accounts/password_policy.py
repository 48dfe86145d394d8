"""What a password must be to be chosen (NIST SP 800-63B-4 section 3.1.1.2)."""

import unicodedata
from collections.abc import Iterable

from flask_watchword.accounts.password_strength import (
    STRONG,
    STRONG_BESIDE_SECOND_FACTOR,
    weakness,
)
from flask_watchword.accounts.passwords import MAX_PASSWORD_CHARACTERS

#: The least length of a password that is the only factor.
MIN_PASSWORD_CHARACTERS = 15
#: The least length of one beside which a second factor is asked for.
MIN_CHARACTERS_BESIDE_SECOND_FACTOR = 8


class UnacceptablePassword(ValueError):
    """A new password that is refused; the message says why."""


def check_new_password(
    password: str,
    *,
    about: Iterable[str] = (),
    second_factor: bool = False,
    least: int = MIN_PASSWORD_CHARACTERS,
) -> None:
    """Refuse a password that nobody should choose, before it is hashed.

    Any character counts, and counts as one; none is asked for.

    Args:
        password: what somebody wants to have.
        about: what it must not be made of: the e-mail address, the name of the service.
        second_factor: whether the user is asked for another one at each login.
        least: characters that it needs where it is the only factor.

    Raises:
        UnacceptablePassword: too short, too long, with a NUL character in it, or easy to guess.
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
        raise UnacceptablePassword("it holds a NUL character, which other software cuts it off at")
    length = len(unicodedata.normalize("NFC", password))
    if length < least:
        raise UnacceptablePassword(
            f"it has {length} characters and needs at least {least}: "
            "length is what keeps a password from being guessed"
        )
