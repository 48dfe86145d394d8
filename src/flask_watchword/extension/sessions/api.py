"""``Sessions``: sign-ins that are refreshed by rotation, listed, and ended at once."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Self

from flask import Flask, Response, current_app, has_request_context, request

from flask_watchword.extension.errors import (
    NoAuthorizationError,
    RevokedTokenError,
    WrongTokenError,
)
from flask_watchword.extension.options.sessions import (
    ENDLESS,
    read_session_options,
    set_session_defaults,
)
from flask_watchword.extension.options.unknown_names import warn_misspelled
from flask_watchword.extension.resources import Closing
from flask_watchword.extension.responses.messages import coded_message
from flask_watchword.extension.sessions.revocation_feed import (
    SESSION_ENDED,
    Figures,
    RevocationFeed,
)
from flask_watchword.extension.sessions.session_context import (
    NOT_INITIALIZED,
    SESSIONS_KEY,
    SessionContext,
    TokenPair,
    running_app,
)
from flask_watchword.extension.sessions.signals import (
    refresh_repeated,
    refresh_reused,
    session_refreshed,
    session_started,
)
from flask_watchword.extension.state import state_of
from flask_watchword.extension.tokens.creation import Claims, Fresh
from flask_watchword.extension.verification.current_token import (
    CurrentToken,
    current_token,
)
from flask_watchword.extension.verification.token_checks import check_type
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.factory import UnknownStore, open_session_store
from flask_watchword.infra.temporary_database import TemporaryDatabase, is_in_memory
from flask_watchword.sessions.listed import ListedSession, listed
from flask_watchword.sessions.refresh import Refreshed, RefreshRejected, refresh
from flask_watchword.sessions.requester import Requester
from flask_watchword.sessions.revocation import Revocation, RevocationKind
from flask_watchword.sessions.session import (
    SIGNED_OUT,
    SIGNED_OUT_EVERYWHERE,
    new_session,
)
from flask_watchword.sessions.store import subject_revocation

#: Characters of a User-Agent header that are kept.
_AGENT_LENGTH = 256


class Sessions:
    """Give an application sessions, and have its protected views refuse what is revoked.

    Args:
        app: the application, with its ``JWTManager`` in place; without it call :meth:`init_app`
            later.
    """

    def __init__(self, app: Flask | None = None) -> None:
        self._closing = Closing()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Register the extension with an application.

        Raises:
            RuntimeError: when an option cannot be used, or the application has no JWTManager.
        """
        state = state_of(app)
        manager = state.callbacks
        warn_misspelled(app.config, "WATCHWORD_")
        set_session_defaults(app.config)
        options = read_session_options(app.config)
        resources = self._closing.add(app)
        given = app.config["WATCHWORD_SESSION_STORE"]
        temporary = TemporaryDatabase() if is_in_memory(given) else None
        try:
            store = open_session_store(given if temporary is None else temporary.url)
        except UnknownStore as error:
            raise RuntimeError(f"WATCHWORD_SESSION_STORE: {error}") from None
        app.extensions[SESSIONS_KEY] = store
        if store is not given:
            resources.own(store)
        if temporary is not None:
            resources.own(temporary)  # closed after what uses it
        state.revocations = RevocationFeed(
            store,
            options.staleness,
            app.config["JWT_IDENTITY_CLAIM"],
            lambda: manager.clock(),
            resources,
            options.lifetimes.leeway,
        )
        if StoreUnavailable not in app.error_handler_spec[None][None]:
            app.register_error_handler(StoreUnavailable, _unavailable)

    def close(self) -> None:
        """Stop what runs beside the requests, and close the connections that Sessions opened.

        Call it for applications that serve no more; the sessions go on. Closing waits for a
        thread that is querying the store. An application that is garbage-collected is closed
        without it. A store object of your own, or an engine, stays open.
        """
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(
        self,
        subject: Any,
        *,
        fresh: Fresh = False,
        additional_claims: Claims | None = None,
        address: str | None = None,
    ) -> TokenPair:
        """Start a session for somebody who has just proved who they are.

        Args:
            subject: who; what ``create_access_token`` takes as the identity.
            fresh: whether the access token is fresh, or for how long (a timedelta).
            additional_claims: further claims of this access token. What refreshed ones have to
                carry too belongs into the additional claims loader.
            address: where the client is; ``None`` for whoever opened the connection, which may be
                a proxy.

        Returns:
            The first pair of tokens.

        Raises:
            ValueError: for a subject with a NUL, which a database would make another one of.
            StoreUnavailable: when the store does not answer.
        """
        work = SessionContext()
        whose = work.subject_of(subject)
        if "\0" in whose:
            raise ValueError("a subject has no NUL: give the user an id without one")
        work.feed.ensure_epoch()
        by = _requester(address)
        session = new_session(whose, work.now, work.lifetimes, address=by.address, agent=by.agent)
        ended = work.store.start(session, work.options.limit, work.lifetimes)
        work.publish_ended(ended)
        session_started.send(work.app, session=session)
        return work.pair(session, subject, fresh, additional_claims)

    def refresh(
        self,
        identity: Any = None,
        *,
        additional_claims: Claims | None = None,
        address: str | None = None,
    ) -> TokenPair:
        """Trade the refresh token of this request for a new pair.

        For a view under ``@jwt_required(refresh=True)``, which has asked the user lookup loader:
        whom it does not find gets nothing. Claims are read anew.

        Args:
            identity: what the loaders of claims, headers and keys are given; the subject unless
                they need more, the current user perhaps.
            additional_claims: further claims of the access token.
            address: where the client is, as for :meth:`start`. A token that is repeated from
                another network or user agent is noted.

        Returns:
            The pair; its access token is not fresh.

        Raises:
            RevokedTokenError: when the session has ended, or ends now because the token was
                used before. That end stands, although the request fails.
            WrongTokenError: when the token is no refresh token.
            NoAuthorizationError: when there is none, since the view has it optional.
            StoreUnavailable: when the store does not answer.
        """
        work = SessionContext()
        token = _present_token(work)
        claims = token.private_copy.claims
        check_type(claims, refresh=True)
        session_id, generation = claims.get("sid"), claims.get("gen")
        if not isinstance(session_id, str) or type(generation) is not int:
            raise RevokedTokenError(*token.private_copy, code=SESSION_ENDED)
        granted = _rotated(work, token, session_id, generation, _requester(address))
        session = granted.session
        session_refreshed.send(work.app, session=session, repeated=granted.repeated)
        if granted.noted:
            refresh_repeated.send(work.app, session=session, elsewhere=granted.elsewhere)
        if identity is None:
            identity = session.subject
        return work.pair(session, identity, False, additional_claims)

    def end(self, session_id: str | None = None, *, subject: Any = None) -> bool:
        """End a session; every token of it is refused from now on.

        Args:
            session_id: which; ``None`` for that of the current token. A current token without a
                session is revoked alone.
            subject: whose it has to be. Give it whenever a client names the session.

        Returns:
            Whether there was something to end.

        Raises:
            StoreUnavailable: when the store does not answer.
        """
        work = SessionContext()
        if session_id is None:
            session_id = _own_token(work).claim("sid")
        if session_id is None:
            if current_token().claim("jti") is None:
                return False
            self.revoke_token()
            return True
        if not isinstance(session_id, str):
            return False  # a client may name what it likes, in JSON a number or a list
        if subject is not None:
            session = work.store.get(session_id)
            if session is None or session.subject != work.subject_of(subject):
                return False
        ended = work.store.end(session_id, work.now, SIGNED_OUT, work.lifetimes)
        if ended is None:
            return False
        work.publish_ended([ended])
        return True

    def end_all(self, subject: Any = None, *, keep_current: bool = False) -> int:
        """End the sessions of a subject.

        Args:
            subject: whose; ``None`` for the current token's.
            keep_current: whether the current token's session goes on. If not, tokens of the
                subject that belong to no session are refused as well.

        Returns:
            How many sessions were ended.

        Raises:
            NoAuthorizationError: when no subject is given and there is no token.
            StoreUnavailable: when the store does not answer.
        """
        work = SessionContext()
        wanted = _current_subject(work) if subject is None else work.subject_of(subject)
        keep = _own_token(work).claim("sid") if keep_current else None
        ended = work.store.end_all(
            wanted, work.now, SIGNED_OUT_EVERYWHERE, work.lifetimes, keep=keep
        )
        if keep is None:
            work.feed.add_local([subject_revocation(wanted, work.now, work.lifetimes)])
            work.feed.load_subject(wanted)  # the store may have moved it on
        work.publish_ended(ended)
        return len(ended)

    def list(self, subject: Any = None) -> Sequence[ListedSession]:
        """Return the sessions of a subject that have not ended, as clients may see them.

        The one seen last comes first. A refresh shows only once its grace period has passed, and
        then to the hour, so that a copy of a token does not tell when its owner refreshes.

        Args:
            subject: whose; ``None`` for the current token's.

        Raises:
            NoAuthorizationError: when no subject is given and there is no token.
            StoreUnavailable: when the store does not answer.
        """
        work = SessionContext()
        wanted = _current_subject(work) if subject is None else work.subject_of(subject)
        found = work.store.of_subject(wanted, work.now)
        sessions = [listed(session, work.now, work.lifetimes) for session in found]
        # By what is shown and no more: the order must not tell what the times do not.
        return sorted(sessions, key=lambda one: (one.last_seen_at, one.started_at), reverse=True)

    def figures(self, app: Flask | None = None) -> Figures:
        """Return how well this process knows what is revoked; asks no store.

        Args:
            app: whose sessions; ``None`` for the current application.
        """
        feed = state_of(app or running_app()).revocations
        if feed is None:
            raise RuntimeError(NOT_INITIALIZED)
        return feed.figures()

    def revoke_token(self, token_id: str | None = None) -> None:
        """Revoke one token; its session goes on.

        Args:
            token_id: its ``jti``; ``None`` for the current token.

        Raises:
            ValueError: when the current token has no ``jti``.
            StoreUnavailable: when the store does not answer.
        """
        work = SessionContext()
        until = work.all_tokens_until()
        if token_id is None:
            token_id = _own_token(work).claim("jti")
            if token_id is None:
                raise ValueError("the current token has no jti, by which it could be revoked")
            expires = current_token().claim("exp")
            own_life = work.now + ENDLESS if expires is None else expires
            until = max(until, own_life + work.lifetimes.leeway)
        work.revoke(Revocation(RevocationKind.TOKEN, token_id, work.now, until))

    def revoke_key(self, kid: str) -> None:
        """Refuse from now on every token that was signed with a key, which somebody stole.

        The key has to leave the application as well: this is forgotten when the last token that
        it had signed until now has expired.

        Args:
            kid: the key's name. A key that has none can be taken from the options alone.

        Raises:
            StoreUnavailable: when the store does not answer.
        """
        work = SessionContext()
        work.revoke(Revocation(RevocationKind.KEY, kid, work.now, work.all_tokens_until()))


def _rotated(
    work: SessionContext, token: CurrentToken, session_id: str, generation: int, by: Requester
) -> Refreshed:
    try:
        return refresh(work.store, session_id, generation, work.now, work.lifetimes, by)
    except RefreshRejected as refusal:
        if refusal.ended_now and refusal.session is not None:
            refresh_reused.send(work.app, session=refusal.session)
            work.publish_ended([refusal.session])
        raise RevokedTokenError(*token.private_copy, code=refusal.code) from refusal


def _own_token(work: SessionContext) -> CurrentToken:
    """Return the current token, unless its names for subject and session are those of another."""
    token = current_token()
    decoding = state_of(work.app).snapshot(work.app.config).decoding
    if not decoding.is_own({"iss": token.claim("iss")}):
        raise WrongTokenError("Only tokens of this application have sessions")
    return token


def _present_token(work: SessionContext) -> CurrentToken:
    """Return the current token, which a view that has it optional may have been called without."""
    token = _own_token(work)
    # Every token that was accepted has a type.
    if token.claim("type") is None:
        raise NoAuthorizationError("There is no token whose session this could be about")
    return token


def _current_subject(work: SessionContext) -> str:
    return str(_present_token(work).claim(work.app.config["JWT_IDENTITY_CLAIM"]))


def _requester(address: str | None) -> Requester:
    """Return who sends the current request; at an address that is known better, if given."""
    if not has_request_context():
        return Requester(address or "")
    connected = request.remote_addr or "" if address is None else address
    return Requester(connected, request.user_agent.string[:_AGENT_LENGTH])


def _unavailable(error: StoreUnavailable) -> Response:
    text = "The session store does not answer; try again soon"
    answer = coded_message(text, "store_unavailable", HTTPStatus.SERVICE_UNAVAILABLE)
    response = current_app.make_response(answer)
    # RFC 9110 section 10.2.3.
    response.headers["Retry-After"] = str(error.retry_after)
    return response
