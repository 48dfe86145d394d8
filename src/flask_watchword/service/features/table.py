"""The endpoints: each stands in a file of its own, and all of them in this table."""

from collections.abc import Iterable, Sequence

from flask import Blueprint

from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.features.admin_table import ADMIN_ENDPOINTS
from flask_watchword.service.features.api_docs.http.openapi import openapi_json
from flask_watchword.service.features.api_docs.http.page import docs, docs_part
from flask_watchword.service.features.api_tokens.http.clients import (
    list_clients,
    make_client,
    revoke_client,
)
from flask_watchword.service.features.api_tokens.http.personal import (
    list_tokens,
    make_token,
    revoke_token,
)
from flask_watchword.service.features.api_tokens.http.token import token
from flask_watchword.service.features.bootstrap_admin.http import (
    check_setup_code,
    set_up,
    setup_page,
    setup_part,
)
from flask_watchword.service.features.delete_account.http import delete_account
from flask_watchword.service.features.demo.http.expired import expired
from flask_watchword.service.features.demo.http.protected_route import protected_route
from flask_watchword.service.features.email_change.http import change_email, confirm_email
from flask_watchword.service.features.email_verification.http import resend_code, verify_address
from flask_watchword.service.features.health.http import healthz, readyz
from flask_watchword.service.features.login.http import login
from flask_watchword.service.features.metrics.http.metrics import metrics
from flask_watchword.service.features.password_change.http import change_password
from flask_watchword.service.features.password_reset.http.forgot import forgot_password
from flask_watchword.service.features.password_reset.http.reset import reset_password
from flask_watchword.service.features.password_review.http import choose_password
from flask_watchword.service.features.profile.http import me
from flask_watchword.service.features.registration.http import register
from flask_watchword.service.features.sessions.http.logout import logout
from flask_watchword.service.features.sessions.http.refresh import refresh
from flask_watchword.service.features.sessions.http.sessions import (
    end_other_sessions,
    end_session,
    list_sessions,
)
from flask_watchword.service.features.signing_keys.http.jwks import jwks
from flask_watchword.service.features.totp.http.change import disable_totp, renew_recovery_codes
from flask_watchword.service.features.totp.http.enrolment import confirm_authenticator, enrol_totp
from flask_watchword.service.features.totp.http.login import login_totp

_ENDPOINTS: Sequence[Endpoint] = (
    register,
    verify_address,
    resend_code,
    login,
    login_totp,
    choose_password,
    refresh,
    logout,
    forgot_password,
    reset_password,
    change_password,
    change_email,
    confirm_email,
    me,
    delete_account,
    enrol_totp,
    confirm_authenticator,
    disable_totp,
    renew_recovery_codes,
    list_tokens,
    make_token,
    revoke_token,
    list_clients,
    make_client,
    revoke_client,
    token,
    list_sessions,
    end_other_sessions,
    end_session,
    *ADMIN_ENDPOINTS,
    jwks,
    healthz,
    readyz,
    metrics,
    openapi_json,
    docs,
    docs_part,
    setup_page,
    setup_part,
    check_setup_code,
    set_up,
)
_OF_THE_DEMO: Sequence[Endpoint] = (protected_route, expired)


def endpoints(*, demo: bool) -> Sequence[Endpoint]:
    """Return the endpoints, with the tutorial's among them when ``demo`` is set."""
    return (*_ENDPOINTS, *_OF_THE_DEMO) if demo else _ENDPOINTS


def build_api(served: Iterable[Endpoint]) -> Blueprint:
    """Return a blueprint of these endpoints."""
    api = Blueprint("watchword", __name__)
    for one in served:
        one.route(api)
    return api
