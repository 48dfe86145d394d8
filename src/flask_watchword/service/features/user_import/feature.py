"""Import users and their password hashes from other software."""

from flask_watchword.service.feature import Feature

FEATURE = Feature(
    name="user_import",
    summary="Import users and their password hashes from other software.",
    audit_events={
        "users_imported": "users were imported; `number` says how many",
    },
    commands=("flask_watchword.service.features.user_import.cli:import_users",),
)
