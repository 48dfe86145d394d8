"""Whether a password is one that guessing finds early: common, a pattern, or about its owner."""

import re
import unicodedata
from collections.abc import Iterable

from zxcvbn import zxcvbn  # type: ignore[import-untyped]  # it ships no annotations

from flask_watchword.locks import process_lock

#: The score, of 0 to 4, that zxcvbn gives from 100 million guesses on: out of reach of guessing
#: at a login, and dear at argon2id's price.
STRONG = 3
#: From a million guesses on: out of reach of guessing at a login.
STRONG_BESIDE_SECOND_FACTOR = 2

#: zxcvbn's work grows faster than what it looks at, so a long password is shown to it in pieces.
#: If one of the first is strong, then so is the whole.
_PIECE = 40
_PIECES = 3

#: Letters that these stand for are tried one by one and all together: twenty different ones keep
#: it busy for seconds. The rare ones are shown to it as their neighbours, which stand for nothing,
#: and so is the line feed, which it does not see repeated.
_RARE_STAND_INS = str.maketrans("({[<|+%\n", ")}]>\\-&\t")

#: The least letters that make a word of an address or a name, and the most words looked for.
_WORD = 3
_WORDS = 50

_ABOUT_ITS_OWNER = "it is made of the e-mail address or of the name of the service"
_AMONG_THE_FIRST = "it is one of the first that programs try: add words that do not belong together"

#: What is looked for is kept in a variable of its module while it works.
_one_at_a_time = process_lock()


def weakness(password: str, about: Iterable[str] = (), strong: int = STRONG) -> str | None:
    """Return why a password is easy to guess, as the end of a sentence, or ``None`` if it is not.

    The work is bounded, whatever the password.

    Args:
        password: any text.
        about: what a guesser knows of the owner: the e-mail address, the name of the service.
        strong: the least score of a password that is not easy to guess.
    """
    text = unicodedata.normalize("NFKC", password[: _PIECE * _PIECES])
    words = _words_of(about)
    rest = _without(words, text)
    if rest != text and _weakness_of_text(rest, words, strong) is not None:
        return _ABOUT_ITS_OWNER
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
    if not piece:  # which it cannot be shown
        return _AMONG_THE_FIRST
    with _one_at_a_time():
        result = zxcvbn(piece.translate(_RARE_STAND_INS), words, max_length=_PIECE)
    if result["score"] >= strong:
        return None
    if any(part.get("dictionary_name") == "user_inputs" for part in result["sequence"]):
        return _ABOUT_ITS_OWNER
    warning: str = result["feedback"]["warning"]
    if not warning:
        return _AMONG_THE_FIRST
    return f"it is easy to guess: {warning[0].lower()}{warning[1:].rstrip('.')}"


def _without(words: list[str], text: str) -> str:
    """Return what of the text is left without these words, in capitals or not."""
    if not words:
        return text
    # The longest first: a name is taken out whole and not by its parts.
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
