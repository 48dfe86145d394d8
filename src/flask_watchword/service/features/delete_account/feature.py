"""Let users delete their own account."""

from flask_watchword.service.feature import Feature
from flask_watchword.service.features.delete_account.http import delete_account

FEATURE = Feature(
    name="delete_account",
    summary="Let users delete their own account.",
    endpoints=(delete_account,),
    audit_events={
        "user_deleted": "an account was deleted",
    },
)
