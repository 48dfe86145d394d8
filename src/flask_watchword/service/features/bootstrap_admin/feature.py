"""Create the first administrator by a one-time link."""

from flask_watchword.service.feature import Feature
from flask_watchword.service.features.bootstrap_admin.http import (
    check_setup_code,
    set_up,
    setup_page,
    setup_part,
)

FEATURE = Feature(
    name="bootstrap_admin",
    summary="Create the first administrator by a one-time link.",
    endpoints=(
        setup_page,
        setup_part,
        check_setup_code,
        set_up,
    ),
    audit_events={
        "set_up": "the first administrator was created",
    },
)
