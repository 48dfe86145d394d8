"""Misspelled names of options and settings, and the names that were probably meant."""

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from typing import Any

from flask_watchword.extension.caller_warnings import warn_caller
from flask_watchword.extension.options.sessions import SESSION_OPTIONS
from flask_watchword.extension.options.table import OPTIONS

#: How similar two names are from which on one counts as a misspelling of the other, from 0 to 1:
#: one letter or two in a name of ten. Names that differ by a word are an application's own.
_MISSPELLED = 0.87
#: The same where every name with the prefix is ours, so that any suggestion helps.
_SIMILAR = 0.7

_OPTIONS = tuple(option.name for option in (*OPTIONS, *SESSION_OPTIONS))
#: Names that look like misspelled options and are none: those of applications that call PyJWT
#: themselves.
_OF_OTHERS = frozenset({"JWT_ALGORITHMS", "JWT_ISSUER"})


def misspelled_options(
    config: Mapping[str, Any], prefix: str, *, also_beside_option: bool = False
) -> list[str]:
    """Return a sentence for each name in a configuration that is probably a misspelled option.

    A name that resembles no option is left alone, since it may belong to the application or to
    another extension. So is a name beside which the option itself is set.

    Args:
        config: the configuration.
        prefix: of the names to look at.
        also_beside_option: whether a name counts although the option itself is set, as every
            option is once defaults are filled in.
    """
    valid = [name for name in _OPTIONS if name.startswith(prefix)]
    sentences = []
    for name in sorted(_names_in(config, prefix)):
        if name in valid or name in _OF_OTHERS:
            continue
        near = _nearest(name, valid, prefix, _MISSPELLED)
        if near is not None and (also_beside_option or near not in config):
            sentences.append(_sentence(name, near))
    return sentences


def warn_misspelled(config: Mapping[str, Any], prefix: str) -> None:
    """Warn, once and at the line of the caller, of names that are probably misspelled options."""
    sentences = misspelled_options(config, prefix)
    if sentences:
        warn_caller(" ".join(sentences), UserWarning)


def unknown_setting(name: str, valid: Iterable[str], prefix: str) -> str:
    """Return a sentence that says that a name is unknown, and which one was probably meant."""
    near = _nearest(name, valid, prefix, _SIMILAR)
    return f"Unknown setting {name}. Remove it" if near is None else _sentence(name, near)


def _names_in(config: Mapping[Any, Any], prefix: str) -> Iterable[str]:
    return (name for name in config if isinstance(name, str) and name.startswith(prefix))


def _sentence(name: str, near: str) -> str:
    return f"Unknown setting {name}. Did you mean {near}?"


def _nearest(name: str, valid: Iterable[str], prefix: str, least: float) -> str | None:
    # Compared without the prefix, by which any two are alike.
    matcher = SequenceMatcher(b=name.removeprefix(prefix))
    similar = []
    for other in valid:
        matcher.set_seq1(other.removeprefix(prefix))
        similar.append((matcher.ratio(), other))
    ratio, near = max(similar)
    return near if ratio >= least else None
