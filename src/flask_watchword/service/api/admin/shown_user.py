"""A user as those who administer see them."""

from typing import Annotated, Self, TypeAlias

import msgspec

from flask_watchword.accounts.users import MAX_NAME_CHARACTERS, MAX_NAMES, User
from flask_watchword.service.answers import Moment, moment

#: Names of roles, or of scopes.
Names: TypeAlias = Annotated[
    list[Annotated[str, msgspec.Meta(max_length=MAX_NAME_CHARACTERS)]],
    msgspec.Meta(max_length=MAX_NAMES),
]


class ShownUser(msgspec.Struct):
    """A user.

    Attributes:
        id: the subject of their tokens.
        email: the address as they typed it.
        created_at: when they registered, or were invited.
        email_verified_at: when it was shown that mail reaches them.
        password_changed_at: when they last changed their password.
        disabled_at: since when they are refused everywhere.
        roles: what they are.
        scopes: what their tokens may be used for.
    """

    id: str
    email: str
    created_at: Moment
    email_verified_at: Moment | None
    password_changed_at: Moment | None
    disabled_at: Moment | None
    roles: list[str]
    scopes: list[str]

    @classmethod
    def of(cls, user: User) -> Self:
        """Return a user as they are shown."""
        return cls(
            id=user.id,
            email=user.email,
            created_at=moment(user.created_at),
            email_verified_at=_moment(user.email_verified_at),
            password_changed_at=_moment(user.password_changed_at),
            disabled_at=_moment(user.disabled_at),
            roles=sorted(user.roles),
            scopes=sorted(user.scopes),
        )


def _moment(seconds: float | None) -> Moment | None:
    return None if seconds is None else moment(seconds)
