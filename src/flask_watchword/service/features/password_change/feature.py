"""Change the password of an account."""

from flask_watchword.service.feature import Feature
from flask_watchword.service.features.password_change.http import change_password
from flask_watchword.service.mail.kinds import NotificationKind

FEATURE = Feature(
    name="password_change",
    summary="Change the password of an account.",
    endpoints=(change_password,),
    audit_events={
        "password_changed": "a password was changed by its user",
    },
    notifications=(NotificationKind(kind="password_changed"),),
)
