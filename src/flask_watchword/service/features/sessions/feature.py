"""Refresh, log out, and list and end sessions."""

from importlib.resources import files

from flask_watchword.service.feature import Feature
from flask_watchword.service.features.sessions.http.admin import (
    end_all_sessions_of_user,
    end_session_of_user,
    list_sessions_of_user,
)
from flask_watchword.service.features.sessions.http.logout import logout
from flask_watchword.service.features.sessions.http.refresh import refresh
from flask_watchword.service.features.sessions.http.sessions import (
    end_other_sessions,
    end_session,
    list_sessions,
)
from flask_watchword.service.mail.kinds import NotificationKind

FEATURE = Feature(
    name="sessions",
    summary="Refresh, log out, and list and end sessions.",
    endpoints=(
        refresh,
        logout,
        list_sessions,
        end_other_sessions,
        end_session,
        list_sessions_of_user,
        end_all_sessions_of_user,
        end_session_of_user,
    ),
    audit_events={
        "logout": "a user logged out: one session ended",
        "session_ended": "one session was ended by its user or an administrator; `ended` is its id",
        "other_sessions_ended": "a user ended every other session; `ended` says how many",
        "sessions_ended": "an administrator ended every session of a user",
        "refresh_repeated": (
            "a refresh token was used again within the grace period: the first time for "
            "each generation; `elsewhere` says whether from [another network or user "
            "agent](../explanation/sessions.md#copied-tokens)"
        ),
        "refresh_reused": (
            "a used refresh token was sent again after the grace period; its session has ended"
        ),
    },
    notifications=(NotificationKind(kind="session_used_elsewhere"),),
    templates=files("flask_watchword.service.features.sessions") / "templates",
    commands=("flask_watchword.service.features.sessions.cli:session",),
)
