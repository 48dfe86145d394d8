"""Change the e-mail address of an account."""

from importlib.resources import files

from flask_watchword.service.feature import Feature
from flask_watchword.service.features.email_change.flow import CHANGE_EMAIL_SECONDS
from flask_watchword.service.features.email_change.http import change_email, confirm_email
from flask_watchword.service.mail.kinds import NotificationKind

FEATURE = Feature(
    name="email_change",
    summary="Change the e-mail address of an account.",
    requires=("registration",),
    endpoints=(
        change_email,
        confirm_email,
    ),
    settings=(CHANGE_EMAIL_SECONDS,),
    audit_events={
        "email_change_requested": "a new e-mail address was requested",
        "email_changed": "an e-mail address was changed",
    },
    notifications=(
        NotificationKind(kind="change_email", page="change-email"),
        NotificationKind(kind="email_changed"),
        NotificationKind(kind="email_change_requested"),
    ),
    templates=files("flask_watchword.service.features.email_change") / "templates",
    code_lifetimes={"change_email": CHANGE_EMAIL_SECONDS},
)
