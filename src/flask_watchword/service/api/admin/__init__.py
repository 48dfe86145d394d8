"""The endpoints of those who administer."""

from collections.abc import Sequence

from flask_watchword.service.api.admin.audit import list_audit_entries
from flask_watchword.service.api.admin.figures import figures
from flask_watchword.service.api.admin.keys import list_keys, retire_key, revoke_key, rotate_keys
from flask_watchword.service.api.admin.recovery import remove_second_factor, send_reset
from flask_watchword.service.api.admin.user import change_user, delete_user, show_user
from flask_watchword.service.api.admin.user_sessions import (
    end_all_sessions_of_user,
    end_session_of_user,
    list_sessions_of_user,
)
from flask_watchword.service.api.admin.users import invite, list_users
from flask_watchword.service.endpoint import Endpoint

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
