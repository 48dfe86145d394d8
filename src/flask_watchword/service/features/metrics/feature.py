"""Metrics for Prometheus and for administrators."""

from flask_watchword.service.feature import Feature
from flask_watchword.service.features.metrics.http.figures import figures
from flask_watchword.service.features.metrics.http.metrics import metrics
from flask_watchword.service.features.metrics.settings import METRICS_TOKEN

FEATURE = Feature(
    name="metrics",
    summary="Metrics for Prometheus and for administrators.",
    endpoints=(
        metrics,
        figures,
    ),
    settings=(METRICS_TOKEN,),
)
