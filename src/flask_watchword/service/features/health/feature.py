"""Liveness and readiness probes."""

from flask_watchword.service.feature import Feature
from flask_watchword.service.features.health.http import healthz, readyz

FEATURE = Feature(
    name="health",
    summary="Liveness and readiness probes.",
    endpoints=(
        healthz,
        readyz,
    ),
)
