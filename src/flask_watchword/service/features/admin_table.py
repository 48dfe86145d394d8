"""The endpoints of those who administer."""

from collections.abc import Sequence

from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.features.admin_users.http.recovery import (
    remove_second_factor,
    send_reset,
)
from flask_watchword.service.features.admin_users.http.user import (
    change_user,
    delete_user,
    show_user,
)
from flask_watchword.service.features.admin_users.http.users import invite, list_users
from flask_watchword.service.features.audit.http import list_audit_entries
from flask_watchword.service.features.metrics.http.figures import figures
from flask_watchword.service.features.sessions.http.admin import (
    end_all_sessions_of_user,
    end_session_of_user,
    list_sessions_of_user,
)
from flask_watchword.service.features.signing_keys.http.admin import (
    list_keys,
    retire_key,
    revoke_key,
    rotate_keys,
)

ADMIN_ENDPOINTS: Sequence[Endpoint] = (
    list_users,
    invite,
    show_user,
    change_user,
    delete_user,
    list_sessions_of_user,
    end_all_sessions_of_user,
    end_session_of_user,
    send_reset,
    remove_second_factor,
    list_keys,
    rotate_keys,
    retire_key,
    revoke_key,
    list_audit_entries,
    figures,
)
