"""Detect misspelled option and setting names, and suggest the right ones."""

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from typing import Any

from flask_watchword.extension.caller_warnings import warn_caller
from flask_watchword.extension.options.sessions import SESSION_OPTIONS
from flask_watchword.extension.options.table import OPTIONS

#: The similarity, from 0 to 1, from which a name counts as a misspelling: one or two characters in
#: ten. A name that differs by a word is an application's own.
_MISSPELLED = 0.87
#: The same for settings: every name with their prefix is ours, so any suggestion helps.
_SIMILAR = 0.7

_OPTIONS = tuple(option.name for option in (*OPTIONS, *SESSION_OPTIONS))
#: Names that look like misspelled options but are not: applications that call PyJWT use them.
_NAMES_OF_OTHERS = frozenset({"JWT_ALGORITHMS", "JWT_ISSUER"})


def misspelled_options(
    config: Mapping[str, Any], prefix: str, *, also_beside_option: bool = False
) -> list[str]:
    """Return a sentence for each name in a configuration that is probably a misspelled option.

    A name that resembles no option is ignored, since it may belong to the application or another
    extension. So is a name whose correct spelling is set as well.

    Args:
        config: the configuration.
        prefix: the prefix of the names to check.
        also_beside_option: whether to report a name although the option itself is set, as every
            option is after the defaults have been set.
    """
    valid = [name for name in _OPTIONS if name.startswith(prefix)]
    sentences = []
    for name in sorted(_names_in(config, prefix)):
        if name in valid or name in _NAMES_OF_OTHERS:
            continue
        near = _nearest(name, valid, prefix, _MISSPELLED)
        if near is not None and (also_beside_option or near not in config):
            sentences.append(_sentence(name, near))
    return sentences


def warn_misspelled(config: Mapping[str, Any], prefix: str) -> None:
    """Warn at the line of the caller about names that are probably misspelled options."""
    sentences = misspelled_options(config, prefix)
    if sentences:
        warn_caller(" ".join(sentences), UserWarning)


def unknown_setting(name: str, valid: Iterable[str], prefix: str) -> str:
    """Return a sentence that a setting is unknown, with a suggestion if there is one."""
    near = _nearest(name, valid, prefix, _SIMILAR)
    return f"Unknown setting {name}. Remove it" if near is None else _sentence(name, near)


def _names_in(config: Mapping[Any, Any], prefix: str) -> Iterable[str]:
    return (name for name in config if isinstance(name, str) and name.startswith(prefix))


def _sentence(name: str, near: str) -> str:
    return f"Unknown setting {name}. Did you mean {near}?"


def _nearest(name: str, valid: Iterable[str], prefix: str, least: float) -> str | None:
    # Compared without the prefix, which all names share.
    matcher = SequenceMatcher(b=name.removeprefix(prefix))
    similar = []
    for other in valid:
        matcher.set_seq1(other.removeprefix(prefix))
        similar.append((matcher.ratio(), other))
    ratio, near = max(similar)
    return near if ratio >= least else None
