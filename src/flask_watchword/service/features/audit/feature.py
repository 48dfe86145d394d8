"""Read, verify and trim the audit log."""

from flask_watchword.service.feature import Feature
from flask_watchword.service.features.audit.http import list_audit_entries

FEATURE = Feature(
    name="audit",
    summary="Read, verify and trim the audit log.",
    endpoints=(list_audit_entries,),
    audit_events={
        "audit_trimmed": "old entries were deleted; `until` is the last of them",
    },
    commands=("flask_watchword.service.features.audit.cli:audit",),
)
