"""``Sessions``: logins with refresh token rotation, a list of sessions, and revocation."""

from collections.abc import Sequence
from typing import Any, Self

from flask import Flask

from flask_watchword.extension.options.sessions import (
    ENDLESS,
    read_session_options,
    set_session_defaults,
)
from flask_watchword.extension.options.unknown_names import warn_misspelled
from flask_watchword.extension.resources import Closing
from flask_watchword.extension.sessions.current_request import current_subject, own_token
from flask_watchword.extension.sessions.refreshing import refresh_session
from flask_watchword.extension.sessions.revocation_feed import (
    RevocationFeed,
    RevocationMetrics,
)
from flask_watchword.extension.sessions.session_context import (
    SESSIONS_KEY,
    SessionContext,
    TokenPair,
    revocation_feed,
    running_app,
)
from flask_watchword.extension.sessions.starting import prepare_session, publish_start
from flask_watchword.extension.sessions.store_errors import register_store_errors
from flask_watchword.extension.state import state_of
from flask_watchword.extension.tokens.creation import Claims, Fresh
from flask_watchword.extension.verification.current_token import current_token
from flask_watchword.infra.factory import UnknownStore, open_session_store
from flask_watchword.infra.temporary_database import TemporaryDatabase, is_in_memory
from flask_watchword.sessions.listed import ListedSession, last_seen_first, listed
from flask_watchword.sessions.revocation import Revocation, RevocationKind
from flask_watchword.sessions.session import (
    SIGNED_OUT,
    SIGNED_OUT_EVERYWHERE,
)
from flask_watchword.sessions.store import subject_revocation


class Sessions:
    """Add sessions to an application; its protected views then reject revoked tokens.

    Args:
        app: the application, with ``JWTManager`` already initialized; without it, call
            :meth:`init_app` later.
    """

    def __init__(self, app: Flask | None = None) -> None:
        self._closing = Closing()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Register the extension with an application.

        Raises:
            RuntimeError: when an option is invalid, or the application has no JWTManager.
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
        register_store_errors(app)

    def close(self) -> None:
        """Stop the background thread, and close the connections that Sessions opened.

        Call it for an application that serves no more requests; its sessions do not end. Closing
        waits for a thread that is querying the store. An application that is garbage-collected is
        closed without this call. A store object or an engine of your own stays open.
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
        """Start a session for a user who has just been authenticated.

        Args:
            subject: the user; what ``create_access_token`` takes as the identity.
            fresh: whether the access token is fresh, or for how long (a timedelta).
            additional_claims: further claims of this access token. Claims for refreshed access
                tokens as well belong in the additional claims loader.
            address: IP address of the client; ``None`` for the peer of the connection, which may be
                a proxy.

        Returns:
            The first access and refresh token.

        Raises:
            ValueError: for a subject with a NUL character, at which a database may truncate it.
            StoreUnavailable: when the store does not respond.
        """
        context = SessionContext()
        name = context.subject_of(subject)
        if "\0" in name:
            raise ValueError("a subject has no NUL: give the user an id without one")
        session = prepare_session(context, name, address)
        ended = context.store.start(session, context.options.limit, context.lifetimes)
        publish_start(context, session, ended)
        return context.token_pair(session, subject, fresh, additional_claims)

    def refresh(
        self,
        identity: Any = None,
        *,
        additional_claims: Claims | None = None,
        address: str | None = None,
    ) -> TokenPair:
        """Exchange the refresh token of this request for new tokens.

        Call it in a view with ``@jwt_required(refresh=True)``. The view has called the user lookup
        loader, so a deleted user gets no tokens. The claims loaders are called again.

        Args:
            identity: passed to the loaders of claims, headers and keys, for example the current
                user; the subject by default.
            additional_claims: further claims of the access token.
            address: IP address of the client, as for :meth:`start`. A token that is used again from
                another network or user agent is recorded.

        Returns:
            The new tokens; the access token is not fresh.

        Raises:
            RevokedTokenError: when the session has ended, or ends now because the token was used
                before. The session ends although the request fails.
            WrongTokenError: when the token is not a refresh token.
            NoAuthorizationError: when there is no token, because it is optional on the view.
            StoreUnavailable: when the store does not respond.
        """
        context = SessionContext()
        session = refresh_session(context, address)
        if identity is None:
            identity = session.subject
        return context.token_pair(session, identity, False, additional_claims)

    def end(self, session_id: str | None = None, *, subject: Any = None) -> bool:
        """End a session; all of its tokens are rejected from now on.

        Args:
            session_id: the session; ``None`` for that of the current token. If the current token
                has no session, only the token is revoked.
            subject: the subject that the session must belong to. Always pass it when a client
                chooses ``session_id``.

        Returns:
            Whether there was a session or token to end.

        Raises:
            StoreUnavailable: when the store does not respond.
        """
        context = SessionContext()
        if session_id is None:
            session_id = own_token(context).claim("sid")
        if session_id is None:
            if current_token().claim("jti") is None:
                return False
            self.revoke_token()
            return True
        if not isinstance(session_id, str):
            return False  # a client may send any JSON value
        if subject is not None:
            session = context.store.get(session_id)
            if session is None or session.subject != context.subject_of(subject):
                return False
        ended = context.store.end(session_id, context.now, SIGNED_OUT, context.lifetimes)
        if ended is None:
            return False
        context.publish_ended([ended])
        return True

    def end_all(self, subject: Any = None, *, keep_current: bool = False) -> int:
        """End the sessions of a subject.

        Args:
            subject: the subject; ``None`` for that of the current token.
            keep_current: whether to keep the session of the current token. If not, tokens of the
                subject without a session are rejected as well.

        Returns:
            How many sessions were ended.

        Raises:
            NoAuthorizationError: when no subject is given and there is no token.
            StoreUnavailable: when the store does not respond.
        """
        context = SessionContext()
        wanted = current_subject(context) if subject is None else context.subject_of(subject)
        keep = own_token(context).claim("sid") if keep_current else None
        ended = context.store.end_all(
            wanted, context.now, SIGNED_OUT_EVERYWHERE, context.lifetimes, keep=keep
        )
        if keep is None:
            context.apply(subject_revocation(wanted, context.now, context.lifetimes))
        context.publish_ended(ended)
        return len(ended)

    def list(self, subject: Any = None) -> Sequence[ListedSession]:
        """Return the active sessions of a subject, as clients may see them.

        The most recently seen one comes first. A refresh becomes visible only after the grace
        period, and its time is rounded down to the hour, so that a copied token does not reveal
        when its owner refreshes.

        Args:
            subject: the subject; ``None`` for that of the current token.

        Raises:
            NoAuthorizationError: when no subject is given and there is no token.
            StoreUnavailable: when the store does not respond.
        """
        context = SessionContext()
        wanted = current_subject(context) if subject is None else context.subject_of(subject)
        found = context.store.of_subject(wanted, context.now)
        sessions = [listed(session, context.now, context.lifetimes) for session in found]
        return last_seen_first(sessions)

    def page(
        self, subject: Any = None, *, after: str | None = None, limit: int = 100
    ) -> Sequence[ListedSession]:
        """Return some of the active sessions of a subject: those of :meth:`list`, in pages.

        The newest login comes first.

        Args:
            subject: the subject; ``None`` for that of the current token.
            after: the id of the last session of the previous page, ``None`` for the first page.
            limit: how many at most.

        Raises:
            NoAuthorizationError: when no subject is given and there is no token.
            StoreUnavailable: when the store does not respond.
        """
        context = SessionContext()
        wanted = current_subject(context) if subject is None else context.subject_of(subject)
        found = context.store.page_of_subject(wanted, context.now, after, limit)
        return [listed(session, context.now, context.lifetimes) for session in found]

    def metrics(self, app: Flask | None = None) -> RevocationMetrics:
        """Return the age and size of this process's copy of the revocations; no store query.

        Args:
            app: the application; ``None`` for the current one.
        """
        return revocation_feed(app or running_app()).metrics()

    def revoke_token(self, token_id: str | None = None) -> None:
        """Revoke one token; its session does not end.

        Args:
            token_id: the ``jti`` of the token; ``None`` for the current token.

        Raises:
            ValueError: when the current token has no ``jti``.
            StoreUnavailable: when the store does not respond.
        """
        context = SessionContext()
        until = context.all_tokens_until()
        if token_id is None:
            token_id = own_token(context).claim("jti")
            if token_id is None:
                raise ValueError("the current token has no jti, by which it could be revoked")
            expires = current_token().claim("exp")
            expiry = context.now + ENDLESS if expires is None else expires
            until = max(until, expiry + context.lifetimes.leeway)
        context.revoke(Revocation(RevocationKind.TOKEN, token_id, context.now, until))

    def revoke_key(self, kid: str) -> None:
        """Reject every token that was signed with a compromised key.

        Also remove the key from the application: the revocation expires together with the last
        token that the key has signed so far.

        Args:
            kid: the key id. A key without one can only be removed from the options.

        Raises:
            StoreUnavailable: when the store does not respond.
        """
        context = SessionContext()
        context.revoke(Revocation(RevocationKind.KEY, kid, context.now, context.all_tokens_until()))
