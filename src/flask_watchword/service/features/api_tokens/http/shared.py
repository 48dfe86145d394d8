"""What a user does with tokens for programs, be they personal ones or clients."""

from typing import Annotated, Self

import msgspec
from flask import abort

from flask_watchword.accounts.accounts import notify
from flask_watchword.accounts.api_tokens import (
    MAX_NAME_CHARACTERS,
    ApiToken,
    ApiTokenKind,
    ScopeNotHeld,
    UnacceptableName,
    new_api_token,
)
from flask_watchword.accounts.notifications import NotificationKind
from flask_watchword.accounts.transaction import AccountStores
from flask_watchword.accounts.users import MAX_NAME_CHARACTERS as MAX_SCOPE_CHARACTERS
from flask_watchword.accounts.users import MAX_NAMES, User
from flask_watchword.clock import system_clock
from flask_watchword.extension.verification.current import get_jwt_identity
from flask_watchword.service.api_token_access import revoke_access_of, subject_of
from flask_watchword.service.audit_events import current_session, event
from flask_watchword.service.authentication.confirmation import (
    CONFIRMATION_REFUSALS,
    Confirmation,
    second_factor_shown,
)
from flask_watchword.service.authentication.reauthentication import reauthenticated_user
from flask_watchword.service.context import service_context
from flask_watchword.service.features.password_change.flow import WrongPassword
from flask_watchword.service.responses import Timestamp, error_response, timestamp

#: How many tokens of one kind a user may have that are not over.
MOST_TOKENS = 50
_DAY = 86_400

#: What making one may come to, beside what every reauthentication may.
MAKING_REFUSALS = {**CONFIRMATION_REFUSALS, 409: ("email_unverified", "too_many_tokens")}

_NOTICES = {
    ApiTokenKind.PERSONAL: NotificationKind.API_KEY_ADDED,
    ApiTokenKind.CLIENT: NotificationKind.CLIENT_ADDED,
}

_Name = Annotated[str, msgspec.Meta(max_length=MAX_NAME_CHARACTERS)]
_Scope = Annotated[str, msgspec.Meta(max_length=MAX_SCOPE_CHARACTERS)]


class NewToken(Confirmation, forbid_unknown_fields=True, kw_only=True):
    """What is to be made.

    Attributes:
        password: of the account; a session alone may be a stolen one.
        code: of the authenticator; needed where the user has one, unless `recovery_code` is given.
        recovery_code: one of the recovery codes; it is used up.
        name: by which its owner knows it later.
        scopes: what it may be used for; no more than its owner may.
        days: how long it is good; null for no end.
    """

    name: _Name
    scopes: Annotated[list[_Scope], msgspec.Meta(max_length=MAX_NAMES)] = msgspec.field(
        default_factory=list
    )
    days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = None


class ShownToken(msgspec.Struct):
    """A token, without what is secret of it.

    Attributes:
        id: by which it is revoked; of a client, its ``client_id``.
        name: what its owner calls it.
        scopes: what it may be used for.
        created_at: when it was made.
        expires_at: when it ends; null for never.
        last_used_at: when it was last used, to the minute.
    """

    id: str
    name: str
    scopes: list[str]
    created_at: Timestamp
    expires_at: Timestamp | None
    last_used_at: Timestamp | None

    @classmethod
    def of(cls, token: ApiToken) -> Self:
        """Return a token as it is shown."""
        return cls(
            id=token.id,
            name=token.name,
            scopes=sorted(token.scopes),
            created_at=timestamp(token.created_at),
            expires_at=None if token.expires_at is None else timestamp(token.expires_at),
            last_used_at=None if token.last_used_at is None else timestamp(token.last_used_at),
        )


def make(kind: ApiTokenKind, wanted: NewToken) -> tuple[ApiToken, str]:
    """Make a token of the current user; return its record, and the text to show once.

    Ends the request where it cannot be made.
    """
    parts, owner = service_context(), _confirmed_owner(wanted.password)
    lifetime = None if wanted.days is None else float(wanted.days * _DAY)
    try:
        token, text = new_api_token(
            kind, owner.id, wanted.name, wanted.scopes, owner.scopes, system_clock(), lifetime
        )
    except UnacceptableName as error:
        abort(error_response(422, str(error), "invalid_field", field="name"))
    except ScopeNotHeld as error:
        abort(error_response(422, str(error), "invalid_field", field="scopes"))
    if len(living(kind)) >= MOST_TOKENS:
        msg = f"You have {MOST_TOKENS} of these already; revoke one"
        abort(error_response(409, msg, "too_many_tokens"))
    session = current_session()

    def work(stores: AccountStores) -> None:
        now = stores.users.by_id(owner.id)
        if now is None or now.version != owner.version:
            raise WrongPassword  # it was changed or reset while this request was under way
        stores.api_tokens.add(token)
        notify(parts.accounts_in(stores), _NOTICES[kind], owner, about=token.name)
        told = event("machine_token_made", owner.id, session, token=token.id, kind=kind.value)
        stores.audit.append([told])

    with second_factor_shown(owner.id, wanted):
        parts.change(work)
    return token, text


def living(kind: ApiTokenKind) -> list[ApiToken]:
    """Return the current user's tokens of a kind that are not over, the newest first."""
    store, now = service_context().stores.accounts.stores.api_tokens, system_clock()
    every = store.of_owner(get_jwt_identity())
    return [token for token in every if token.kind is kind and not token.is_over(now)]


def revoke(kind: ApiTokenKind, token_id: str) -> bool:
    """Revoke one of the current user's tokens, with every access token it was traded for.

    Returns whether there was such a one.
    """
    owner, session = get_jwt_identity(), current_session()
    token = next((one for one in living(kind) if one.id == token_id), None)
    if token is None:
        return False

    def work(stores: AccountStores) -> bool:
        revoked = stores.api_tokens.revoke(token_id, owner, system_clock())
        if revoked:
            told = event("machine_token_revoked", owner, session, token=token_id)
            stores.audit.append([told])
        return revoked

    # Before, so that nothing changes where it cannot be done, and after, for what was traded in
    # between.
    revoke_access_of(subject_of(token))
    revoked = service_context().change(work)
    revoke_access_of(subject_of(token))
    return revoked


def _confirmed_owner(password: str) -> User:
    owner = reauthenticated_user(password)
    if owner.email_verified_at is None:
        # Whoever registers somebody else's address must not keep a way in: a reset by its owner
        # revokes no token.
        abort(error_response(409, "Verify the e-mail address first", "email_unverified"))
    return owner
