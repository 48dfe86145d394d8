"""Manage users: invite, change, disable, delete, help to recover."""

from flask_watchword.service.feature import Feature
from flask_watchword.service.features.admin_users.http.recovery import send_reset
from flask_watchword.service.features.admin_users.http.user import (
    change_user,
    delete_user,
    show_user,
)
from flask_watchword.service.features.admin_users.http.users import invite, list_users

FEATURE = Feature(
    name="admin_users",
    summary="Manage users: invite, change, disable, delete, help to recover.",
    requires=("password_reset",),
    endpoints=(
        list_users,
        invite,
        show_user,
        change_user,
        delete_user,
        send_reset,
    ),
    audit_events={
        "password_set": "a password was set by a command",
        "password_reset_sent": "an administrator sent a user a code for a new password",
        "user_added": "an administrator added or invited a user",
        "user_disabled": "a user was disabled",
        "user_enabled": "a user was enabled again",
        "roles_changed": "a user got other roles",
        "scopes_changed": "a user got other scopes",
    },
    commands=("flask_watchword.service.features.admin_users.cli:user",),
)
