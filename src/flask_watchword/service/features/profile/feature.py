"""Show users their own account."""

from flask_watchword.service.feature import Feature
from flask_watchword.service.features.profile.http import me

FEATURE = Feature(
    name="profile",
    summary="Show users their own account.",
    endpoints=(me,),
)
