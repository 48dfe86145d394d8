"""What the service answers to a token, and by which step: for whoever asks why it was refused.

Nothing is changed by it: no session is rotated or ended, no mail is sent is logged.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, abort, current_app, request

from flask_watchword.clock import system_clock
from flask_watchword.extension.errors import RevokedTokenError
from flask_watchword.extension.explain.token_check import TokenCheck, stop_following
from flask_watchword.extension.explain.token_walk import (
    answer_to,
    new_walk,
    request_with,
    walk_token,
)
from flask_watchword.extension.options.sessions import read_session_options
from flask_watchword.extension.sessions.revocation_feed import SESSION_ENDED
from flask_watchword.extension.verification.current import (
    CurrentToken,
    current_token,
    get_jwt_identity,
)
from flask_watchword.jose.durations import distance
from flask_watchword.jose.explain import Walk, shown
from flask_watchword.jose.keys import Key
from flask_watchword.keys.ring import keys_by_state
from flask_watchword.service.access import REFRESH
from flask_watchword.service.api_token_access import CLIENT_ID
from flask_watchword.service.context import service_context
from flask_watchword.service.tokens import user_disabled, user_gone
from flask_watchword.sessions.refresh import RefreshRejected, dry_run
from flask_watchword.sessions.session import Session


def check_token(app: Flask, token: str, *, refresh: bool) -> TokenCheck:
    """Return what ``GET /me`` answers to a token, or ``POST /refresh``, and why.

    Args:
        app: the service.
        token: the token, as a header would carry it.
        refresh: whether it is for ``POST /refresh``, which is not done.

    Raises:
        StoreUnavailable: when a store does not answer.
    """
    stop_following(app)
    path, method = ("/refresh", "POST") if refresh else ("/me", "GET")
    with request_with(app, token, path, method):
        walk = new_walk()
        current = walk_token(walk, token, _known_keys, refresh=refresh)
        if not refresh:
            _take_person_step(walk, current)
        _take_user_step(walk, current)
        if refresh:
            _take_generation_step(walk, current)
        return TokenCheck(walk.steps, answer_to(_would_refresh if refresh else _asked_view))


def _asked_view() -> Response:
    view: Any = current_app.view_functions[request.endpoint or ""]
    response: Response = view()
    return response


@REFRESH.protect
def _would_refresh() -> Response:
    user = service_context().stores.users.by_id(get_jwt_identity())
    if user is None or user.is_disabled:
        abort(user_gone() if user is None else user_disabled())
    _foreseen(current_token())
    # The pair that it would be answered with is not made.
    return Response(status=HTTPStatus.OK)


def _known_keys() -> tuple[Sequence[Key], str]:
    now = system_clock()
    known = [
        f"{shown(key.kid)} ({state}"
        + (f" {distance(key.revoked_at, now)}" if key.revoked_at is not None else "")
        + f", {key.algorithm})"
        for key, state in keys_by_state(service_context().stores.keys.load(), now)
    ]
    return service_context().keys.verifying_keys(), ", ".join(known)


def _take_person_step(walk: Walk, current: CurrentToken | None) -> None:
    name = "of a person"
    if walk.stopped or current is None:
        walk.skip(name)
    elif CLIENT_ID in current.verified.claims:
        program = shown(current.verified.claims[CLIENT_ID])
        says = f"of the program {program}: views of applications take it, the service's own do not"
        walk.refuse(name, says, "machine_token")
    else:
        walk.take(name, "", lambda: None)


def _take_user_step(walk: Walk, current: CurrentToken | None) -> None:
    name = "user"
    if walk.stopped or current is None:
        walk.skip(name)
        return
    user = service_context().stores.users.by_id(current.verified.claims["sub"])
    if user is None:
        walk.refuse(name, "no longer exists", "user_gone")
    elif user.is_disabled:
        since = distance(user.disabled_at or 0.0, system_clock())
        walk.refuse(name, f"{user.email}: disabled {since}", "user_disabled")
    else:
        walk.take(name, user.email, lambda: None)


def _take_generation_step(walk: Walk, current: CurrentToken | None) -> None:
    name = "generation"
    if walk.stopped or current is None:
        walk.skip(name)
        return
    claims = current.verified.claims
    session_id = claims.get("sid")
    known = (
        service_context().stores.sessions.get(session_id) if isinstance(session_id, str) else None
    )
    of_session = "there is no session" if known is None else f"its session: {known.generation}"
    says = f"{shown(claims.get('gen', 'absent'))}; {of_session}"
    walk.take(name, says, lambda: _foreseen(current))


def _foreseen(current: CurrentToken) -> Session:
    claims = current.own.claims
    session_id, generation = claims.get("sid"), claims.get("gen")
    if not isinstance(session_id, str) or type(generation) is not int:
        raise RevokedTokenError(*current.own, code=SESSION_ENDED)
    lifetimes = read_session_options(current_app.config).lifetimes
    store = service_context().stores.sessions
    try:
        return dry_run(store, session_id, generation, system_clock(), lifetimes)
    except RefreshRejected as error:
        raise RevokedTokenError(*current.own, code=error.code) from error
