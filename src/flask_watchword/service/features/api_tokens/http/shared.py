"""Create, list and revoke API keys and clients."""

from typing import Annotated, Self

import msgspec

from flask_watchword.accounts.api_tokens import (
    MAX_NAME_CHARACTERS,
    ApiToken,
    ApiTokenKind,
    ScopeNotHeld,
    UnacceptableName,
    new_api_token,
)
from flask_watchword.accounts.credentials import WrongPassword
from flask_watchword.accounts.errors import EMAIL_UNVERIFIED, INVALID_FIELD, ErrorCode, Rejected
from flask_watchword.accounts.transaction import Transaction
from flask_watchword.accounts.users import MAX_NAME_CHARACTERS as MAX_SCOPE_CHARACTERS
from flask_watchword.accounts.users import MAX_NAMES, User
from flask_watchword.clock import system_clock
from flask_watchword.extension.verification.current import get_jwt_identity
from flask_watchword.service.api_token_access import subject_of
from flask_watchword.service.authentication.confirmation import (
    CONFIRMATION_ERRORS,
    Confirmation,
    second_factor_verified,
)
from flask_watchword.service.authentication.reauthentication import (
    reauthenticated_user,
    require_verified_email,
)
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.end_access import revoke_access_of
from flask_watchword.service.responses import Timestamp, optional_timestamp, timestamp

TOO_MANY_TOKENS = ErrorCode(
    "too_many_tokens",
    409,
    "The user has the maximum number of API keys and clients.",
)

#: Maximum number of valid tokens of one kind for each user.
MAX_TOKENS = 50
_DAY = 86_400

#: The errors of an endpoint that creates a token.
CREATION_ERRORS = (*CONFIRMATION_ERRORS, EMAIL_UNVERIFIED, TOO_MANY_TOKENS)

#: The e-mail that notifies the owner, by kind.
_NOTIFICATIONS = {ApiTokenKind.PERSONAL: "api_key_added", ApiTokenKind.CLIENT: "client_added"}

_Name = Annotated[str, msgspec.Meta(max_length=MAX_NAME_CHARACTERS)]
_Scope = Annotated[str, msgspec.Meta(max_length=MAX_SCOPE_CHARACTERS)]


class NewToken(Confirmation, forbid_unknown_fields=True, kw_only=True):
    """A token to create.

    Attributes:
        password: the password of the account; a session alone may be stolen.
        name: the name that the owner gives it.
        scopes: its scopes; at most those of its owner.
        days: the lifetime in days; null: it does not expire.
    """

    name: _Name
    scopes: Annotated[list[_Scope], msgspec.Meta(max_length=MAX_NAMES)] = msgspec.field(
        default_factory=list
    )
    days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = None


class ApiTokenResponse(msgspec.Struct):
    """A token or client, without its secret.

    Attributes:
        id: its id, to revoke it; for a client, its ``client_id``.
        name: its name.
        scopes: its scopes.
        created_at: when it was created.
        expires_at: when it expires; null: never.
        last_used_at: when it was last used, rounded to the minute; null: never.
    """

    id: str
    name: str
    scopes: list[str]
    created_at: Timestamp
    expires_at: Timestamp | None
    last_used_at: Timestamp | None

    @classmethod
    def of(cls, token: ApiToken) -> Self:
        """Return the response for a token."""
        return cls(
            id=token.id,
            name=token.name,
            scopes=sorted(token.scopes),
            created_at=timestamp(token.created_at),
            expires_at=optional_timestamp(token.expires_at),
            last_used_at=optional_timestamp(token.last_used_at),
        )


def create_token(
    context: ServiceContext, kind: ApiTokenKind, wanted: NewToken
) -> tuple[ApiToken, str]:
    """Create a token of the current user; return its record, and the text to show once.

    Raises:
        Rejected: when it cannot be created.
    """
    owner = _confirmed_owner(context, wanted.password)
    lifetime = None if wanted.days is None else float(wanted.days * _DAY)
    try:
        token, text = new_api_token(
            kind, owner.id, wanted.name, wanted.scopes, owner.scopes, system_clock(), lifetime
        )
    except UnacceptableName as error:
        raise Rejected(INVALID_FIELD, str(error), field="name") from error
    except ScopeNotHeld as error:
        raise Rejected(INVALID_FIELD, str(error), field="scopes") from error
    if len(valid_tokens(context, kind)) >= MAX_TOKENS:
        msg = f"You have {MAX_TOKENS} of these already; revoke one"
        raise Rejected(TOO_MANY_TOKENS, msg)

    def add(tx: Transaction) -> None:
        now = tx.users.by_id(owner.id)
        if now is None or now.version != owner.version:
            raise WrongPassword  # it was changed or reset by a concurrent request
        tx.api_tokens.add(token)
        tx.notify(_NOTIFICATIONS[kind], owner, about=token.name)
        tx.audit("machine_token_made", owner.id, token=token.id, kind=kind.value)

    with second_factor_verified(context, owner.id, wanted):
        context.transaction(add)
    return token, text


def valid_tokens(context: ServiceContext, kind: ApiTokenKind) -> list[ApiToken]:
    """Return the valid tokens of the current user of one kind, the newest first."""
    now = system_clock()
    every = context.repositories.api_tokens.of_owner(get_jwt_identity())
    return [token for token in every if token.kind is kind and not token.has_ended(now)]


def revoke(context: ServiceContext, kind: ApiTokenKind, token_id: str) -> bool:
    """Revoke a token of the current user, with every access token that was issued for it.

    Returns whether the user has such a token.
    """
    owner = get_jwt_identity()
    token = next((one for one in valid_tokens(context, kind) if one.id == token_id), None)
    if token is None:
        return False

    def work(tx: Transaction) -> bool:
        revoked = tx.api_tokens.revoke(token_id, owner, tx.now)
        if revoked:
            tx.audit("machine_token_revoked", owner, token=token_id)
        return revoked

    # Before, so that nothing changes if the access tokens cannot be revoked; and after, for access
    # tokens that were issued in between.
    revoke_access_of(subject_of(token))
    revoked = context.transaction(work)
    revoke_access_of(subject_of(token))
    return revoked


def _confirmed_owner(context: ServiceContext, password: str) -> User:
    owner = reauthenticated_user(context, password)
    require_verified_email(owner)
    return owner
