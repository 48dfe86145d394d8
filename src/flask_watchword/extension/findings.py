"""What an examination of a configuration has found: what is wrong, and what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check has found.

    Attributes:
        check: what was looked at.
        level: how bad it is.
        says: what was found, in a sentence. No secret stands in it.
        remedy: what to do; empty where there is nothing to be done.
    """

    check: str
    level: Level
    says: str
    remedy: str = ""


def fine(check: str, says: str) -> Finding:
    """Return that nothing is wrong."""
    return Finding(check, Level.OK, says)


def warning(check: str, says: str, remedy: str) -> Finding:
    """Return what may be meant so, and often is not."""
    return Finding(check, Level.WARNING, says, remedy)


def problem(check: str, says: str, remedy: str) -> Finding:
    """Return what is wrong."""
    return Finding(check, Level.PROBLEM, says, remedy)


def not_checked(check: str, why: str) -> Finding:
    """Return what could not be looked at, because something else is wrong."""
    return Finding(check, Level.NOT_CHECKED, why)
