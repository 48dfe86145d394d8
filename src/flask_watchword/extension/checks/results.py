"""The result of a configuration check: what was found, and what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """The severity of a result."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check.

    Attributes:
        check: the name of the check.
        level: the severity.
        says: what was found, in a sentence. It never contains a secret.
        remedy: what to do; empty if nothing.
    """

    check: str
    level: Level
    says: str
    remedy: str = ""


def fine(check: str, says: str) -> CheckResult:
    """Return the result for a correct configuration."""
    return CheckResult(check, Level.OK, says)


def warning(check: str, says: str, remedy: str) -> CheckResult:
    """Return the result for a configuration that may be intended, but often is not."""
    return CheckResult(check, Level.WARNING, says, remedy)


def problem(check: str, says: str, remedy: str) -> CheckResult:
    """Return the result for a wrong configuration."""
    return CheckResult(check, Level.PROBLEM, says, remedy)


def not_checked(check: str, why: str) -> CheckResult:
    """Return the result of a check that could not run, because something else is wrong."""
    return CheckResult(check, Level.NOT_CHECKED, why)
