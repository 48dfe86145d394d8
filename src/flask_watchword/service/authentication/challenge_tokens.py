"""Challenge tokens: issued after a right password, and accepted by one endpoint only.

Three things prevent their use as another token: the token type, which no access rule accepts; the
``typ`` of the header; and the audience, for programs that verify tokens with the JWK Set alone.
"""

from datetime import timedelta

from flask_watchword.accounts.errors import Rejected
from flask_watchword.accounts.login_challenge import (
    ChallengeKind,
    InvalidChallenge,
    LoginChallenge,
    challenge_claims,
    check_challenge,
    read_challenge,
)
from flask_watchword.accounts.users import User
from flask_watchword.errors import TokenRejected, UnknownKeyError
from flask_watchword.extension.errors import RevokedTokenError
from flask_watchword.extension.sessions.session_context import running_app
from flask_watchword.extension.state import current_state, state_of
from flask_watchword.extension.tokens.creation import compose
from flask_watchword.extension.verification.current_token import CurrentToken
from flask_watchword.jose import Decoder, VerifiedToken
from flask_watchword.jose.claims import Policy
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.error_codes import INVALID_PENDING_TOKEN


def new_challenge_token(context: ServiceContext, kind: ChallengeKind, user: User) -> str:
    """Return a challenge token for a user whose password was right."""
    claims = {**challenge_claims(kind, user.id, user.version), "aud": _audience(context)}
    lifetime = timedelta(seconds=kind.lifetime)
    app, header = running_app(), {"typ": kind.header_type}
    state = state_of(app)
    return compose(app, state, user.id, kind.claim_type, claims, False, lifetime, header).text


def challenged_user(context: ServiceContext, kind: ChallengeKind, text: str) -> User:
    """Return the user of a challenge token.

    Raises:
        Rejected: with ``invalid_pending_token``, when the token cannot be used.
        StoreUnavailable: when a store does not answer.
    """
    try:
        challenge = _read_token(context, kind, text)
        user = context.stores.users.by_id(challenge.user_id)
        version, disabled = (None, False) if user is None else (user.version, user.is_disabled)
        check_challenge(challenge, version, is_disabled=disabled)
    except InvalidChallenge:
        user = None
    if user is None:
        # The same response whatever the reason is, because the client has to do the same.
        msg = "This login has expired; log in with the password again"
        raise Rejected(INVALID_PENDING_TOKEN, msg)
    return user


def _read_token(context: ServiceContext, kind: ChallengeKind, text: str) -> LoginChallenge:
    """Verify a challenge token, and return its challenge.

    Raises:
        InvalidChallenge: when it is not genuine, of another kind, expired or revoked.
        StoreUnavailable: when the store does not answer.
    """
    try:
        verified = _verified(context, text)
        revocations = current_state().revocations
        if revocations is not None:
            # Only revoked keys: the token itself is bound to the version of its user. Revocations
            # of a subject have whole seconds, and would reject a login right after a reset.
            revocations.check_key(CurrentToken(verified, None))
    except (TokenRejected, RevokedTokenError) as error:
        raise InvalidChallenge(str(error)) from error
    return read_challenge(kind, verified.header, verified.claims)


def _verified(context: ServiceContext, text: str) -> VerifiedToken:
    try:
        return _verified_by_known_keys(context, text)
    except UnknownKeyError as error:
        if error.kid is None or not context.keys.refresh(error.kid):
            raise
    return _verified_by_known_keys(context, text)


def _verified_by_known_keys(context: ServiceContext, text: str) -> VerifiedToken:
    policy = Policy(audience=_audience(context), issuer=context.settings.issuer)
    decoder = Decoder(context.keys.verifying_keys(), policy)
    return decoder.verify(text, current_state().callbacks.clock())


def _audience(context: ServiceContext) -> str:
    return f"{context.settings.issuer}#login-challenge"
