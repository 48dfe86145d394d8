"""The token between the two factors: made after a right password, taken by one endpoint alone.

Three things keep it out of everywhere else: its type, which no guard knows; the ``typ`` of its
header; and its audience, for those who verify tokens of this service by the JWK Set alone.
"""

from datetime import timedelta

from flask_watchword.accounts.pending_login import (
    CLAIM_TYPE,
    HEADER_TYPE,
    LIFETIME,
    NotPending,
    PendingLogin,
    pending_claims,
    read_pending,
)
from flask_watchword.accounts.users import User
from flask_watchword.errors import Refusal, UnknownKeyError
from flask_watchword.extension.binding import binding_of, current_binding
from flask_watchword.extension.current import CurrentToken
from flask_watchword.extension.errors import RevokedTokenError
from flask_watchword.extension.session_work import running_app
from flask_watchword.extension.tokens import compose
from flask_watchword.jose import Decoder, VerifiedToken
from flask_watchword.jose.claims import Policy
from flask_watchword.service.components import components


def new_pending_token(user: User) -> str:
    """Return a token that says that a user's password was right a moment ago."""
    claims = {**pending_claims(user.id, user.version), "aud": _audience()}
    lifetime = timedelta(seconds=LIFETIME)
    app = running_app()
    header = {"typ": HEADER_TYPE}
    return compose(app, binding_of(app), user.id, CLAIM_TYPE, claims, False, lifetime, header).text


def read_pending_token(text: str) -> PendingLogin:
    """Return what a token says of a pending sign-in.

    Raises:
        NotPending: when it is not genuine, is of another kind, has expired or was revoked.
        StoreUnavailable: when that cannot be told.
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
    return read_pending(verified.header, verified.claims)


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
