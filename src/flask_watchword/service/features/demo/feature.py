"""The user and the routes of the tutorial."""

from flask_watchword.service.feature import Feature
from flask_watchword.service.features.demo.http.expired import expired
from flask_watchword.service.features.demo.http.protected_route import protected_route

FEATURE = Feature(
    name="demo",
    summary="The user and the routes of the tutorial.",
    endpoints=(
        protected_route,
        expired,
    ),
)
