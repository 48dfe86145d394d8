"""Create an account."""

from importlib.resources import files

from flask_watchword.service.feature import Feature
from flask_watchword.service.features.registration.http import register
from flask_watchword.service.features.registration.limits import REGISTER_PER_ADDRESS
from flask_watchword.service.mail.kinds import NotificationKind

FEATURE = Feature(
    name="registration",
    summary="Create an account.",
    requires=("email_verification",),
    endpoints=(register,),
    rate_limits=(REGISTER_PER_ADDRESS,),
    audit_events={
        "registered": "an account was registered",
        "registered_again": "a registration named an address that has an account",
    },
    notifications=(NotificationKind(kind="already_registered"),),
    templates=files("flask_watchword.service.features.registration") / "templates",
)
