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
class CheckResult:
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


def fine(check: str, says: str) -> CheckResult:
    """Return that nothing is wrong."""
    return CheckResult(check, Level.OK, says)


def warning(check: str, says: str, remedy: str) -> CheckResult:
    """Return what may be meant so, and often is not."""
    return CheckResult(check, Level.WARNING, says, remedy)


def problem(check: str, says: str, remedy: str) -> CheckResult:
    """Return what is wrong."""
    return CheckResult(check, Level.PROBLEM, says, remedy)


def not_checked(check: str, why: str) -> CheckResult:
    """Return what could not be looked at, because something else is wrong."""
    return CheckResult(check, Level.NOT_CHECKED, why)
