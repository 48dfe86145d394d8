"""Log in with an e-mail address and a password."""

from flask_watchword.service.authentication.login_limits import LOGIN_LIMITS
from flask_watchword.service.authentication.verified_logins import REQUIRE_VERIFIED_EMAIL
from flask_watchword.service.feature import Feature
from flask_watchword.service.features.login.http import login

FEATURE = Feature(
    name="login",
    summary="Log in with an e-mail address and a password.",
    endpoints=(login,),
    settings=(REQUIRE_VERIFIED_EMAIL,),
    rate_limits=LOGIN_LIMITS,
    audit_events={
        "login": "a session started; `methods` says by which factors",
        "oldest_sessions_ended": (
            "a login exceeded `WATCHWORD_SESSIONS_PER_USER`: the oldest sessions of the user "
            "ended; `ended` says how many"
        ),
        "login_failed": "a wrong password, or an unknown address",
        "second_factor_asked": "a password was right, and a second factor is still needed",
        "second_factor_failed": "a wrong code of an authenticator, or a wrong recovery code",
        "reauthentication_failed": "a logged-in user entered a wrong password",
    },
)
