"""Require a new password at the login where the old one is too weak alone."""

from flask_watchword.service.feature import Feature
from flask_watchword.service.features.password_review.http import choose_password
from flask_watchword.service.features.password_review.login_step import require_strong_password
from flask_watchword.service.mail.kinds import NotificationKind

FEATURE = Feature(
    name="password_review",
    summary="Require a new password at the login where the old one is too weak alone.",
    endpoints=(choose_password,),
    audit_events={
        "password_change_required": (
            "a password was right, and too weak to be the only factor: another one is needed first"
        ),
    },
    notifications=(NotificationKind(kind="password_changed"),),
    login_checks=(require_strong_password,),
)
