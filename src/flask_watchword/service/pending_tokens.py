"""The token of a login that lacks a step: made after a right password, taken by one endpoint alone.

Three things keep it out of everywhere else: its type, which no guard knows; the ``typ`` of its
header; and its audience, for those who verify tokens of this service by the JWK Set alone.
"""

from datetime import timedelta

from flask import abort

from flask_watchword.accounts.pending_login import (
    NotPending,
    PendingKind,
    PendingLogin,
    check_still_pending,
    pending_claims,
    read_pending,
)
from flask_watchword.accounts.users import User
from flask_watchword.errors import Refusal, UnknownKeyError
from flask_watchword.extension.binding import binding_of, current_binding
from flask_watchword.extension.current import CurrentToken
from flask_watchword.extension.errors import RevokedTokenError
from flask_watchword.extension.session_work import running_app
from flask_watchword.extension.token_creation import compose
from flask_watchword.jose import Decoder, VerifiedToken
from flask_watchword.jose.claims import Policy
from flask_watchword.service.answers import refusal
from flask_watchword.service.components import components


def new_pending_token(kind: PendingKind, user: User) -> str:
    """Return a token that says that a user's password was right a moment ago."""
    claims = {**pending_claims(kind, user.id, user.version), "aud": _audience()}
    lifetime = timedelta(seconds=kind.lifetime)
    app, header = running_app(), {"typ": kind.header_type}
    binding = binding_of(app)
    return compose(app, binding, user.id, kind.claim_type, claims, False, lifetime, header).text


def pending_user(kind: PendingKind, text: str) -> User:
    """Return the user whose sign-in is pending, or end the request with 401."""
    try:
        pending = _read_pending_token(kind, text)
        user = components().stores.users.by_id(pending.user_id)
        version, disabled = (None, False) if user is None else (user.version, user.is_disabled)
        check_still_pending(pending, version, is_disabled=disabled)
    except NotPending:
        user = None
    if user is None:
        # One answer to forged, expired, deleted and disabled: what to do is the same.
        msg = "This sign-in has expired; log in with the password again"
        abort(refusal(401, msg, "invalid_pending_token"))
    return user


def _read_pending_token(kind: PendingKind, text: str) -> PendingLogin:
    """Return what a token says of a pending sign-in.

    Raises:
        NotPending: when it is not genuine, is of another kind, has expired or was revoked.
        StoreUnavailable: when the store does not answer.
    """
    try:
        verified = _verified(text)
        revocations = current_binding().revocations
        if revocations is not None:
            # It ends with the version of its user. That all sessions of a subject were ended is
            # another matter: by whole seconds it would refuse who logs in right after a reset.
            revocations.check_key(CurrentToken(verified, None))
    except (Refusal, RevokedTokenError) as error:
        raise NotPending(str(error)) from error
    return read_pending(kind, verified.header, verified.claims)


def _verified(text: str) -> VerifiedToken:
    try:
        return _verified_by_known_keys(text)
    except UnknownKeyError as error:
        if error.kid is None or not components().keys.refresh(error.kid):
            raise
    return _verified_by_known_keys(text)


def _verified_by_known_keys(text: str) -> VerifiedToken:
    parts = components()
    policy = Policy(audience=_audience(), issuer=parts.settings.issuer)
    decoder = Decoder(parts.keys.verifying_keys(), policy)
    return decoder.verify(text, current_binding().manager.clock())


def _audience() -> str:
    return f"{components().settings.issuer}#pending_login"
