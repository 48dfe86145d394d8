"""The endpoints: each stands in a file of its own, and all of them in this table."""

from collections.abc import Iterable, Sequence

from flask import Blueprint

from flask_watchword.service.api.admin import ADMIN_ENDPOINTS
from flask_watchword.service.api.clients import list_clients, make_client, revoke_client
from flask_watchword.service.api.delete_account import delete_account
from flask_watchword.service.api.docs import docs, docs_part
from flask_watchword.service.api.email_change import change_email, confirm_email
from flask_watchword.service.api.email_verify import resend_code, verify_address
from flask_watchword.service.api.expired import expired
from flask_watchword.service.api.health import healthz, readyz
from flask_watchword.service.api.jwks import jwks
from flask_watchword.service.api.login import login
from flask_watchword.service.api.login_password import choose_password
from flask_watchword.service.api.login_totp import login_totp
from flask_watchword.service.api.logout import logout
from flask_watchword.service.api.me import me
from flask_watchword.service.api.metrics import metrics
from flask_watchword.service.api.openapi_json import openapi_json
from flask_watchword.service.api.password_change import change_password
from flask_watchword.service.api.password_forgot import forgot_password
from flask_watchword.service.api.password_reset import reset_password
from flask_watchword.service.api.protected_route import protected_route
from flask_watchword.service.api.refresh import refresh
from flask_watchword.service.api.register import register
from flask_watchword.service.api.sessions import end_other_sessions, end_session, list_sessions
from flask_watchword.service.api.setup import check_setup_code, set_up, setup_page, setup_part
from flask_watchword.service.api.token import token
from flask_watchword.service.api.tokens import list_tokens, make_token, revoke_token
from flask_watchword.service.api.totp_change import disable_totp, renew_recovery_codes
from flask_watchword.service.api.totp_enrol import confirm_authenticator, enrol_totp
from flask_watchword.service.endpoint import Endpoint

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
