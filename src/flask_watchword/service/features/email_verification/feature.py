"""Verify an e-mail address with an e-mailed one-time code."""

from importlib.resources import files

from flask_watchword.service.feature import Feature
from flask_watchword.service.features.email_verification.checks import check_verified_logins
from flask_watchword.service.features.email_verification.flow import VERIFY_EMAIL_SECONDS
from flask_watchword.service.features.email_verification.http import resend_code, verify_address
from flask_watchword.service.mail.kinds import NotificationKind

FEATURE = Feature(
    name="email_verification",
    summary="Verify an e-mail address with an e-mailed one-time code.",
    endpoints=(
        verify_address,
        resend_code,
    ),
    settings=(VERIFY_EMAIL_SECONDS,),
    audit_events={
        "verification_requested": "another code for verifying an address was requested",
        "email_verified": "an address was verified",
    },
    notifications=(NotificationKind(kind="verify_email", page="verify-email"),),
    templates=files("flask_watchword.service.features.email_verification") / "templates",
    checks=(check_verified_logins,),
    code_lifetimes={"verify_email": VERIFY_EMAIL_SECONDS},
)
