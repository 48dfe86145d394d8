"""A user in the responses for administrators."""

from typing import Annotated, Self, TypeAlias

import msgspec

from flask_watchword.accounts.users import MAX_NAME_CHARACTERS, MAX_NAMES, User
from flask_watchword.service.responses import Timestamp, optional_timestamp, timestamp

#: Names of roles, or of scopes.
Names: TypeAlias = Annotated[
    list[Annotated[str, msgspec.Meta(max_length=MAX_NAME_CHARACTERS)]],
    msgspec.Meta(max_length=MAX_NAMES),
]


class UserResponse(msgspec.Struct):
    """A user.

    Attributes:
        id: the user's id, the subject of their tokens.
        email: the address as the user typed it.
        created_at: when the user registered or was invited.
        email_verified_at: when the address was verified.
        password_changed_at: when the password was last changed.
        disabled_at: when the user was disabled; null: enabled.
        roles: the user's roles.
        scopes: the user's scopes.
    """

    id: str
    email: str
    created_at: Timestamp
    email_verified_at: Timestamp | None
    password_changed_at: Timestamp | None
    disabled_at: Timestamp | None
    roles: list[str]
    scopes: list[str]

    @classmethod
    def of(cls, user: User) -> Self:
        """Return the response for a user."""
        return cls(
            id=user.id,
            email=user.email,
            created_at=timestamp(user.created_at),
            email_verified_at=optional_timestamp(user.email_verified_at),
            password_changed_at=optional_timestamp(user.password_changed_at),
            disabled_at=optional_timestamp(user.disabled_at),
            roles=sorted(user.roles),
            scopes=sorted(user.scopes),
        )
