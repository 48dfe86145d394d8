"""Time-based one-time passwords as a second factor (RFC 6238)."""

from importlib.resources import files

from flask_watchword.service.feature import Feature
from flask_watchword.service.features.totp.factor import TotpFactor
from flask_watchword.service.features.totp.flow import TOTP
from flask_watchword.service.features.totp.http.enrolment import confirm_authenticator, enrol_totp
from flask_watchword.service.features.totp.http.login import login_totp
from flask_watchword.service.features.totp.http.removal import disable_totp, remove_second_factor
from flask_watchword.service.features.totp.limits import SECOND_FACTOR_PER_ACCOUNT
from flask_watchword.service.features.totp.sql import SqlTotpStore, is_in_use
from flask_watchword.service.mail.kinds import NotificationKind

FEATURE = Feature(
    name="totp",
    summary="Time-based one-time passwords as a second factor (RFC 6238).",
    requires=("recovery_codes", "password_review"),
    endpoints=(
        login_totp,
        enrol_totp,
        confirm_authenticator,
        disable_totp,
        remove_second_factor,
    ),
    rate_limits=(SECOND_FACTOR_PER_ACCOUNT,),
    audit_events={
        "totp_enrolment_started": "a new authenticator was offered; it counts once confirmed",
        "totp_enabled": "an authenticator was confirmed",
        "totp_disabled": "an authenticator was removed by its user",
        "second_factor_removed": "an authenticator was removed by an administrator",
    },
    notifications=(
        NotificationKind(kind="totp_added"),
        NotificationKind(kind="totp_removed"),
    ),
    templates=files("flask_watchword.service.features.totp") / "templates",
    factors=(TotpFactor(),),
    in_use=is_in_use,
    repositories={TOTP: SqlTotpStore},
)
