"""Estimate password strength: reject common passwords, patterns and personal data."""

import re
import unicodedata
from collections.abc import Iterable

from zxcvbn import zxcvbn  # type: ignore[import-untyped]  # it ships no annotations

from flask_watchword.locks import process_lock

#: zxcvbn's score, of 0 to 4, for 100 million guesses or more: infeasible at a login, and expensive
#: against argon2id.
STRONG = 3
#: The score for a million guesses or more: infeasible at a login.
STRONG_BESIDE_SECOND_FACTOR = 2

#: zxcvbn's work grows faster than its input, so a long password is checked in pieces. If one of the
#: first pieces is strong, so is the whole password.
_PIECE = 40
_PIECES = 3

#: zxcvbn tries all combinations of characters that may substitute letters: twenty different ones
#: keep it busy for seconds. The rare ones are replaced with similar characters that substitute
#: nothing, and so is the line feed, whose repetition it does not detect.
_RARE_STAND_INS = str.maketrans("({[<|+%\n", ")}]>\\-&\t")

#: Minimum length of a word from an address or a name, and maximum number of words.
_WORD = 3
_WORDS = 50

_PERSONAL = "it is made of the e-mail address or of the name of the service"
_COMMON = "it is a common password: add unrelated words"

#: zxcvbn keeps the user's words in a module variable while it works, so it is not thread-safe.
_zxcvbn_lock = process_lock()


def weakness(password: str, about: Iterable[str] = (), strong: int = STRONG) -> str | None:
    """Return why a password is easy to guess, as the end of a sentence, or ``None`` if it is not.

    The work is bounded for any password.

    Args:
        password: any text.
        about: what an attacker knows about the user: the e-mail address, the name of the service.
        strong: the minimum score of an acceptable password.
    """
    text = unicodedata.normalize("NFKC", password[: _PIECE * _PIECES])
    words = _words_of(about)
    rest = _without(words, text)
    if rest != text and _weakness_of_text(rest, words, strong) is not None:
        return _PERSONAL
    return _weakness_of_text(text, words, strong)


def _weakness_of_text(text: str, words: list[str], strong: int) -> str | None:
    reason = None
    for start in range(0, _PIECE * _PIECES, _PIECE):
        weak = _weakness_of_piece(text[start : start + _PIECE], words, strong)
        if weak is None:
            return None
        reason = reason or weak
    return reason


def _weakness_of_piece(piece: str, words: list[str], strong: int) -> str | None:
    if not piece:  # zxcvbn does not accept an empty text
        return _COMMON
    with _zxcvbn_lock():
        result = zxcvbn(piece.translate(_RARE_STAND_INS), words, max_length=_PIECE)
    if result["score"] >= strong:
        return None
    if any(part.get("dictionary_name") == "user_inputs" for part in result["sequence"]):
        return _PERSONAL
    warning: str = result["feedback"]["warning"]
    if not warning:
        return _COMMON
    return f"it is easy to guess: {warning[0].lower()}{warning[1:].rstrip('.')}"


def _without(words: list[str], text: str) -> str:
    """Return the text without these words, ignoring case."""
    if not words:
        return text
    # The longest first: a name is removed as a whole rather than by its parts.
    longest_first = sorted(words, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), "", text, flags=re.IGNORECASE)


def _words_of(about: Iterable[str]) -> list[str]:
    words: dict[str, None] = {}
    for text in about:
        plain = unicodedata.normalize("NFKC", text[: _PIECE * _PIECES]).lower()
        for word in (plain, *plain.split("@"), *re.split(r"[\W_]+|\d+", plain)):
            if len(word) >= _WORD:
                words[word] = None
    return list(words)[:_WORDS]
