"""Whether a login requires a verified e-mail address."""

from flask_watchword.service.configuration import values
from flask_watchword.service.configuration.setting import Setting
from flask_watchword.service.configuration.settings import Settings

REQUIRE_VERIFIED_EMAIL: Setting[bool | None] = Setting(
    "require_verified_email",
    values.yes_or_no,
    None,
    "whether a login requires a verified e-mail address; see [what an attacker can "
    "learn](../explanation/account-protection.md#what-an-attacker-can-learn)",
    "`true` with `WATCHWORD_SMTP`, otherwise `false`",
)


def verified_logins_only(settings: Settings) -> bool:
    """Tell whether logins require a verified address."""
    required = settings[REQUIRE_VERIFIED_EMAIL]
    return settings.smtp is not None if required is None else required
