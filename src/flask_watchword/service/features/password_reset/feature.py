"""Reset a password with an e-mailed one-time code."""

from importlib.resources import files

from flask_watchword.service.feature import Feature
from flask_watchword.service.features.email_verification.flow import VERIFY_EMAIL_SECONDS
from flask_watchword.service.features.password_reset.flow import RESET_PASSWORD_SECONDS
from flask_watchword.service.features.password_reset.http import forgot_password, reset_password
from flask_watchword.service.mail.kinds import NotificationKind

FEATURE = Feature(
    name="password_reset",
    summary="Reset a password with an e-mailed one-time code.",
    endpoints=(
        forgot_password,
        reset_password,
    ),
    settings=(RESET_PASSWORD_SECONDS,),
    audit_events={
        "password_reset_requested": "a code for a new password was requested",
        "password_reset": "a password was replaced by a code from an e-mail",
    },
    notifications=(
        NotificationKind(kind="reset_password", page="reset-password"),
        NotificationKind(kind="set_password", page="reset-password"),
        NotificationKind(kind="password_changed"),
    ),
    templates=files("flask_watchword.service.features.password_reset") / "templates",
    # The settings decide; the purposes of the flow hold their defaults only.
    code_lifetimes={
        "reset_password": RESET_PASSWORD_SECONDS,
        "admin_reset": RESET_PASSWORD_SECONDS,
        "set_password": VERIFY_EMAIL_SECONDS,
    },
)
