"""Why a token is accepted or refused by an application: each step of the check, in its order.

The steps are the functions that protected views run; nothing is told by another rule.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, request
from flask.ctx import RequestContext
from flask.typing import ResponseReturnValue

from flask_watchword.errors import TokenRejected
from flask_watchword.extension.callbacks.defaults import (
    default_blocklist_callback,
    default_decode_key_callback,
    default_token_verification_callback,
)
from flask_watchword.extension.errors import JWTExtendedException, RevokedTokenError
from flask_watchword.extension.options.values import environ_key, header_name
from flask_watchword.extension.sessions.revocation_feed import (
    KEY_REVOKED,
    SESSION_ENDED,
    TOKEN_REVOKED,
)
from flask_watchword.extension.sessions.session_context import SESSIONS_KEY
from flask_watchword.extension.state import AppState, state_of
from flask_watchword.extension.verification.current import CurrentToken
from flask_watchword.extension.verification.locations import from_headers
from flask_watchword.extension.verification.verify import (
    check_by_loader,
    check_not_revoked,
    check_type,
    load_user,
)
from flask_watchword.jose.durations import distance
from flask_watchword.jose.explain import (
    Reading,
    Walk,
    date,
    shown,
    take_claim_steps,
    take_form_steps,
    take_signature_steps,
)
from flask_watchword.jose.keys import Key
from flask_watchword.sessions.revocation import Revocation, RevocationKind, was_issued_before
from flask_watchword.sessions.session import REFRESH_REUSED, Session
from flask_watchword.sessions.store import SessionStore

#: Returns the keys that verify, and in words which keys there are.
KnownKeys = Callable[[], tuple[Sequence[Key], str]]

#: What is asked of the log of revocations, in the order in which it is asked.
_REVOCATION_STEPS = {
    RevocationKind.KEY: "key not revoked",
    RevocationKind.SESSION: "session",
    RevocationKind.SUBJECT: "subject not revoked",
    RevocationKind.TOKEN: "token not revoked",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a request with a token is answered with.

    Attributes:
        accepted: whether it is let in.
        status: of HTTP; ``None`` where it is for the view to say, which then runs.
        code: for programs; ``None`` where the application's answer has none.
        msg: for people; likewise.
    """

    accepted: bool
    status: int | None
    code: str | None = None
    msg: str | None = None


def request_with(app: Flask, token: str, path: str = "/", method: str = "GET") -> RequestContext:
    """Return the context of a request that shows a token in the header where it is looked for."""
    kind = app.config["JWT_HEADER_TYPE"]
    # Put there as a server does, which passes on whatever bytes it is sent.
    header = {environ_key(header_name(app.config)): f"{kind} {token}".lstrip()}
    return app.test_request_context(path, method=method, environ_overrides=header)


def new_walk() -> Walk:
    """Return a walk that stops at what a protected view refuses."""
    return Walk((TokenRejected, JWTExtendedException), _code_of)


def walk_token(walk: Walk, token: str, keys: KnownKeys, *, refresh: bool) -> CurrentToken | None:
    """Take every step of a protected view for the token of this request.

    Args:
        walk: what is asked.
        token: the token of the request.
        keys: asked where the application's own keys verify.
        refresh: whether a refresh token is wanted, or any other.

    Returns:
        The token, where it was verified; a later step may have refused it.

    Raises:
        StoreUnavailable: when a store does not answer.
    """
    state = state_of(_app())
    config, now = current_app.config, state.callbacks.clock()
    decoding = state.snapshot(config).decoding
    found: list[str] = [token]

    def find() -> None:
        found[:] = [from_headers(request, config, refresh)[0]]

    walk.take("header field", "one word and one token", find)
    reading = Reading.of(found[0], decoding.policy.max_token_bytes)
    own_keys = _has_own_keys(state)
    if own_keys:
        take_form_steps(walk, reading, decoding.policy.max_token_bytes)
        verifying, known = keys()
        take_signature_steps(walk, reading, verifying, known, decoding.policy.max_token_bytes)
        take_claim_steps(walk, reading, decoding.policy, now)
    verified: list[CurrentToken] = []

    def verify(*, allow_expired: bool) -> None:
        told = state.verify(decoding, found[0], None, now, allow_expired)
        verified[:] = [CurrentToken(told, "headers")]

    claims = reading.claims or {}
    walk.take(
        f"identity ({decoding.identity_claim})" if own_keys else "form, signature and claims",
        shown(claims.get(decoding.identity_claim, "absent")) if claims else "",
        lambda: verify(allow_expired=True),
    )
    walk.take(
        "exp",
        date(claims, "exp", now) if claims else "",
        lambda: verify(allow_expired=False),
    )
    current = verified[0] if verified else None
    wanted = "a refresh token" if refresh else "no refresh token"
    kind = claims.get("type", "access")
    walk.take(
        "type",
        f"{shown(kind)}; wanted: {wanted}" if claims else "",
        lambda: check_type(current.verified.claims if current else {}, refresh),
    )
    if current is None or decoding.is_own(current.verified.claims):
        _take_revocation_steps(walk, state, current, now)
    _take_loader_steps(walk, state, current)
    return current


def answer_to(view: Callable[[], ResponseReturnValue]) -> Verdict:
    """Return what the application answers where a view is asked, whatever it raises."""
    app = _app()
    try:
        response = app.make_response(view())
    except Exception as error:  # noqa: BLE001 - what nobody handles is raised again
        response = app.make_response(app.handle_user_exception(error))
    body = response.get_json(silent=True)
    told = body if isinstance(body, dict) else {}
    if response.status_code < 400:
        return Verdict(True, response.status_code)
    message = told.get(app.config["JWT_ERROR_MESSAGE_KEY"])
    return Verdict(False, response.status_code, told.get("code"), message)


def _app() -> Flask:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app


def _code_of(error: Exception) -> str:
    if isinstance(error, RevokedTokenError):
        return error.code or TOKEN_REVOKED
    return getattr(error, "code", None) or "invalid_token"


def _has_own_keys(state: AppState) -> bool:
    # Otherwise the token itself tells whose key is asked for.
    decoding = state.snapshot(current_app.config).decoding
    by_loader = state.callbacks._decode_key_callback is not default_decode_key_callback
    return decoding.issuers is None and not by_loader


def _take_revocation_steps(
    walk: Walk, state: AppState, current: CurrentToken | None, now: float
) -> None:
    revocations = state.revocations
    if revocations is None:
        return
    if walk.stopped or current is None:
        walk.skip(*_REVOCATION_STEPS.values())
        return
    store: SessionStore = current_app.extensions[SESSIONS_KEY]
    claims, subject = current.verified.claims, current_app.config["JWT_IDENTITY_CLAIM"]
    names = [claims.get("sid"), claims.get("jti"), claims.get(subject), current.verified.key_id]
    found = store.find_revocations(*(n if isinstance(n, str) else None for n in names))
    refused: list[RevokedTokenError] = []
    try:
        revocations.check(current)
    except RevokedTokenError as error:
        refused.append(error)
    for kind, name in _REVOCATION_STEPS.items():
        says = _revoked_when(found, kind, now)
        if kind is RevocationKind.SESSION:
            says = _session(store, claims.get("sid"), now)
        elif kind is RevocationKind.SUBJECT:
            says = _of_subject(found, claims, now)
        walk.take(name, says, _raising(e for e in refused if _kind_of(e, claims, found) is kind))


def _kind_of(
    error: RevokedTokenError, claims: dict[str, Any], found: Sequence[Revocation]
) -> RevocationKind:
    if error.code == KEY_REVOKED:
        return RevocationKind.KEY
    session = claims.get("sid")
    unreadable = session is not None and not isinstance(session, str)
    if error.code in (SESSION_ENDED, REFRESH_REUSED) or unreadable:
        return RevocationKind.SESSION
    named = any(entry.kind is RevocationKind.TOKEN for entry in found)
    return RevocationKind.TOKEN if named else RevocationKind.SUBJECT


def _raising(errors: Any) -> Callable[[], None]:
    first = next(iter(errors), None)

    def check() -> None:
        if first is not None:
            raise first

    return check


def _revoked_when(found: Sequence[Revocation], kind: RevocationKind, now: float) -> str:
    moment = _newest(found, kind)
    return "not revoked" if moment is None else f"revoked {distance(moment, now)}"


def _of_subject(found: Sequence[Revocation], claims: dict[str, Any], now: float) -> str:
    moment = _newest(found, RevocationKind.SUBJECT)
    if moment is None:
        return "not revoked"
    until = f"what was issued until {distance(moment, now)}, without a session, is revoked"
    if claims.get("sid") is not None:
        return f"{until}; this one has a session, which alone counts"
    issued = claims.get("iat")
    if not isinstance(issued, (int, float)):
        return f"{until}; this one does not say when it was issued"
    later = "before it" if was_issued_before(claims, moment) else "after it"
    return f"{until}; this one was issued {distance(issued, now)}, {later}"


def _newest(found: Sequence[Revocation], kind: RevocationKind) -> float | None:
    return max((entry.revoked_at for entry in found if entry.kind is kind), default=None)


def _session(store: SessionStore, session_id: object, now: float) -> str:
    if session_id is None:
        return "belongs to no session"
    session = store.get(session_id) if isinstance(session_id, str) else None
    return f"{shown(session_id)}: " + ("not known" if session is None else _told_of(session, now))


def _told_of(session: Session, now: float) -> str:
    told = f"started {distance(session.started_at, now)}, generation {session.generation}"
    if session.ended_at is not None:
        return f"{told}, ended {distance(session.ended_at, now)}: {session.end_reason}"
    if session.has_ended(now):
        return f"{told}, over since {distance(session.idle_until, now)}: nobody refreshed it"
    return f"{told}, lives, ends {distance(session.idle_until, now)} unless it is refreshed"


def _take_loader_steps(walk: Walk, state: AppState, current: CurrentToken | None) -> None:
    manager = state.callbacks
    blocklist = manager._token_in_blocklist_callback
    verification = manager._token_verification_callback
    user = manager._user_lookup_callback
    steps: list[tuple[str, Callable[[CurrentToken], None]]] = []
    if blocklist is not default_blocklist_callback:
        steps.append(("blocklist loader", lambda token: check_not_revoked(blocklist, token)))
    if verification is not default_token_verification_callback:
        steps.append(("verification loader", lambda token: check_by_loader(verification, token)))
    if user is not None:
        steps.append(("user lookup loader", lambda token: load_user(user, _app(), token)))
    for name, check in steps:
        if current is None:
            walk.skip(name)
        else:
            walk.take(name, "", lambda check=check, token=current: check(token))  # type: ignore[misc]
