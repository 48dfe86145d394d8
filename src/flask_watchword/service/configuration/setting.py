"""``Setting``: the declaration of a setting, from which reading and documentation follow."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask_watchword.accounts.rate_limit_declarations import RateLimit
from flask_watchword.accounts.rate_limits import Limit
from flask_watchword.service.configuration import values

PREFIX = "WATCHWORD_"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Setting(Generic[_T]):
    """One setting of the service. ``settings[SETTING]`` is the value of a feature's setting.

    Attributes:
        name: the name, in lower case and without the prefix of all settings.
        parse: returns the value of a text, or raises ``InvalidSetting``. It takes the name of the
            variable, for the message, and the text.
        default: the value when it is not set.
        meaning: what it is, as a phrase in Markdown for the documentation.
        default_text: the default in the documentation, where the value does not tell it.
        is_list: whether it may be a list in ``app.config``; as text, the items are separated by
            commas.
        is_secret: whether it may contain a secret: then it may also be read from a file,
            ``WATCHWORD_<NAME>_FILE``.
    """

    name: str
    parse: Callable[[str, str], _T]
    default: _T
    meaning: str
    default_text: str | None = None
    is_list: bool = False
    is_secret: bool = False

    @property
    def variable(self) -> str:
        """Return the variable of the setting."""
        return PREFIX + self.name.upper()

    @property
    def file_variable(self) -> str:
        """Return the variable that names a file with the setting, if it is a secret."""
        return f"{self.variable}_FILE"

    @property
    def variables(self) -> tuple[str, ...]:
        """Return every variable of the setting."""
        return (self.variable, self.file_variable) if self.is_secret else (self.variable,)


def limit_setting(limit: RateLimit) -> Setting[Limit]:
    """Return the setting of a rate limit."""
    return Setting(limit.setting, values.rate_limit, limit.default, limit.counts)
