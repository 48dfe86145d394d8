"""Single-use codes that stand in for a lost second factor."""

from importlib.resources import files

from flask_watchword.service.feature import Feature
from flask_watchword.service.features.recovery_codes.factor import RecoveryCodeFactor
from flask_watchword.service.features.recovery_codes.flow import RECOVERY_CODES
from flask_watchword.service.features.recovery_codes.http import renew_recovery_codes
from flask_watchword.service.features.recovery_codes.limits import RECOVERY_CODE_PER_ACCOUNT
from flask_watchword.service.features.recovery_codes.sql import SqlRecoveryCodeStore
from flask_watchword.service.mail.kinds import NotificationKind

FEATURE = Feature(
    name="recovery_codes",
    summary="Single-use codes that stand in for a lost second factor.",
    endpoints=(renew_recovery_codes,),
    rate_limits=(RECOVERY_CODE_PER_ACCOUNT,),
    audit_events={
        "recovery_code_used": "a recovery code was used; `left` says how many remain",
        "recovery_codes_renewed": "new recovery codes replaced the old ones",
    },
    notifications=(
        NotificationKind(kind="recovery_code_used"),
        NotificationKind(kind="recovery_codes_renewed"),
    ),
    templates=files("flask_watchword.service.features.recovery_codes") / "templates",
    factors=(RecoveryCodeFactor(),),
    repositories={RECOVERY_CODES: SqlRecoveryCodeStore},
)
