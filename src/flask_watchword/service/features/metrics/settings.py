"""The setting of the metrics."""

from flask_watchword.service.configuration import values
from flask_watchword.service.configuration.setting import Setting

METRICS_TOKEN: Setting[str | None] = Setting(
    "metrics_token",
    values.token,
    None,
    "bearer token for `/metrics`; without it only requests from this machine that did not come "
    "through a proxy are allowed",
    is_secret=True,
)
