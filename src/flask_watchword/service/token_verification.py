"""Explain how the service verifies a token: each step, and the response.

Nothing is changed: no session is refreshed or ended, no e-mail is sent, no event is logged.
"""

from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, request

from flask_watchword.clock import system_clock
from flask_watchword.extension.errors import RevokedTokenError
from flask_watchword.extension.explain.request_trace import new_trace, trace_request
from flask_watchword.extension.explain.token_check import TokenCheck, stop_following
from flask_watchword.extension.explain.verdict import request_with, verdict_of
from flask_watchword.extension.options.sessions import read_session_options
from flask_watchword.extension.sessions.revocation_feed import SESSION_ENDED
from flask_watchword.extension.verification.current_token import (
    CurrentToken,
    current_token,
)
from flask_watchword.jose.durations import distance
from flask_watchword.jose.explain import Trace, shown
from flask_watchword.jose.keys import Key
from flask_watchword.keys.ring import keys_by_state
from flask_watchword.service.access import REFRESH
from flask_watchword.service.api_token_access import CLIENT_ID
from flask_watchword.service.context import ServiceContext, context_of
from flask_watchword.service.current_user import current_user
from flask_watchword.sessions.refresh import RefreshRejected, dry_run
from flask_watchword.sessions.session import Session


def check_token(app: Flask, token: str, *, refresh: bool) -> TokenCheck:
    """Return how ``GET /me`` or ``POST /refresh`` responds to a token, and why.

    Args:
        app: the service.
        token: the token, without the scheme of the header.
        refresh: whether to check ``POST /refresh``, without refreshing the session.

    Raises:
        StoreUnavailable: when a store does not answer.
    """
    stop_following(app)
    context = context_of(app)
    path, method = ("/refresh", "POST") if refresh else ("/me", "GET")
    with request_with(app, token, path, method):
        trace = new_trace()
        current = trace_request(trace, token, partial(_known_keys, context), refresh=refresh)
        if not refresh:
            _trace_person(trace, current)
        _trace_user(context, trace, current)
        if refresh:
            _trace_generation(context, trace, current)
        would_refresh = REFRESH.protect(context, partial(_would_refresh, context))
        return TokenCheck(trace.steps, verdict_of(would_refresh if refresh else _current_view))


def _current_view() -> Response:
    view: Any = current_app.view_functions[request.endpoint or ""]
    response: Response = view()
    return response


def _would_refresh(context: ServiceContext) -> Response:
    current_user(context)
    _dry_run_refresh(context, current_token())
    # The new tokens are not created.
    return Response(status=HTTPStatus.OK)


def _known_keys(context: ServiceContext) -> tuple[Sequence[Key], str]:
    now = system_clock()
    known = [
        f"{shown(key.kid)} ({state}"
        + (f" {distance(key.revoked_at, now)}" if key.revoked_at is not None else "")
        + f", {key.algorithm})"
        for key, state in keys_by_state(context.stores.keys.load(), now)
    ]
    return context.keys.verifying_keys(), ", ".join(known)


def _trace_person(trace: Trace, current: CurrentToken | None) -> None:
    name = "of a person"
    if trace.stopped or current is None:
        trace.skip(name)
    elif CLIENT_ID in current.verified.claims:
        program = shown(current.verified.claims[CLIENT_ID])
        says = f"of the program {program}: views of applications take it, the service's own do not"
        trace.reject(name, says, "machine_token")
    else:
        trace.run(name, "", lambda: None)


def _trace_user(context: ServiceContext, trace: Trace, current: CurrentToken | None) -> None:
    name = "user"
    if trace.stopped or current is None:
        trace.skip(name)
        return
    user = context.stores.users.by_id(current.verified.claims["sub"])
    if user is None:
        trace.reject(name, "no longer exists", "user_gone")
    elif user.is_disabled:
        since = distance(user.disabled_at or 0.0, system_clock())
        trace.reject(name, f"{user.email}: disabled {since}", "user_disabled")
    else:
        trace.run(name, user.email, lambda: None)


def _trace_generation(context: ServiceContext, trace: Trace, current: CurrentToken | None) -> None:
    name = "generation"
    if trace.stopped or current is None:
        trace.skip(name)
        return
    claims = current.verified.claims
    session_id = claims.get("sid")
    known = context.stores.sessions.get(session_id) if isinstance(session_id, str) else None
    of_session = "there is no session" if known is None else f"its session: {known.generation}"
    says = f"{shown(claims.get('gen', 'absent'))}; {of_session}"
    trace.run(name, says, lambda: _dry_run_refresh(context, current))


def _dry_run_refresh(context: ServiceContext, current: CurrentToken) -> Session:
    claims = current.private_copy.claims
    session_id, generation = claims.get("sid"), claims.get("gen")
    if not isinstance(session_id, str) or type(generation) is not int:
        raise RevokedTokenError(*current.private_copy, code=SESSION_ENDED)
    lifetimes = read_session_options(current_app.config).lifetimes
    store = context.stores.sessions
    try:
        return dry_run(store, session_id, generation, system_clock(), lifetimes)
    except RefreshRejected as error:
        raise RevokedTokenError(*current.private_copy, code=error.code) from error
