"""Users in a SQL database, one statement per method."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Update,
    and_,
    bindparam,
    exc,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from flask_watchword.accounts.user_store import SHORTEST_PART, EmailTaken, UserCount
from flask_watchword.accounts.users import User
from flask_watchword.infra.sql import tables
from flask_watchword.infra.sql.driver import Values
from flask_watchword.infra.sql.tables.users import IS_ADMIN, USER_COLUMNS
from flask_watchword.infra.sql.text import AnyText
from flask_watchword.infra.sql.transactions import (
    EngineOrConnection,
    database_at,
    execute_one,
    transact,
)

_users = tables.users.c
# Positions of the columns that contain a list of names.
_NAMES = (USER_COLUMNS.index(_users.roles), USER_COLUMNS.index(_users.scopes))

_BY_EMAIL = select(*USER_COLUMNS).where(_users.email_key == bindparam("this_key"))
_BY_ID = select(*USER_COLUMNS).where(_users.id == bindparam("this_id"))

# Two counts, each of which reads an index only.
_COUNTS = select(
    select(func.count()).select_from(tables.users).scalar_subquery(),
    select(func.count())
    .select_from(tables.users)
    .where(_users.disabled_at.is_not(None))
    .scalar_subquery(),
)

_ADMINS = {
    dialect: select(_users.id)
    .where(is_admin, _users.disabled_at.is_(None))
    # In one order, or two transactions that lock the same users could deadlock.
    .order_by(_users.id)
    .with_for_update()
    for dialect, is_admin in IS_ADMIN.items()
}

_LIKE_SPECIAL, _ESCAPED = re.compile(r"([%_\\])"), r"\\\1"
#: Greater than every character that an address can contain.
_LAST = "\U0010ffff"

_NEXT_VERSION = _users.version + 1


# A conflict is not an error of the statement, so its transaction can continue.
def _insert(dialect: Any, *unique: str) -> Any:
    statement = dialect.insert(tables.users).returning(_users.id)
    return statement.on_conflict_do_nothing(index_elements=unique or None)


_INSERTS = {"sqlite": _insert(sqlite, "email_key"), "postgresql": _insert(postgresql, "email_key")}
_INSERTS_OF_MANY = {"sqlite": _insert(sqlite), "postgresql": _insert(postgresql)}


class SqlUserStore:
    """A user store in a database with our schema.

    The database makes each method atomic: a unique constraint on ``email_key`` decides between
    concurrent additions, and the WHERE clause of one UPDATE is the compare-and-swap.

    Args:
        place: an engine, or the connection of a transaction to take part in.
    """

    def __init__(self, place: EngineOrConnection) -> None:
        self._place = place
        self._database = database_at(place)

    def add(self, user: User) -> None:
        """Store a new user, or raise ``EmailTaken``."""
        if not self._database.rows(_INSERTS[self._place.dialect.name], _values(user)):
            raise EmailTaken

    def add_many(self, users: Sequence[User]) -> frozenset[str]:
        """Store the new users whose key and id are unused; return their ids."""
        if not users:
            return frozenset()
        statement, values = _INSERTS_OF_MANY[self._place.dialect.name], list(map(_values, users))
        # SQLAlchemy splits very many rows into several statements.
        added = transact(self._place, lambda c: c.execute(statement, values).scalars().all())
        return frozenset(added)

    def by_email(self, email_key: str) -> User | None:
        """Return the user with this key."""
        return self._one(_BY_EMAIL, {"this_key": email_key})

    def by_id(self, user_id: str) -> User | None:
        """Return the user with this id."""
        return self._one(_BY_ID, {"this_id": user_id})

    def page(self, after: str = "", limit: int = 100, search: str = "") -> Sequence[User]:
        """Return up to ``limit`` users after a key, in the order of their keys."""
        key = _users.email_key
        statement = select(*USER_COLUMNS).where(key > after).order_by(key).limit(limit)
        if search:
            statement = statement.where(self._contains(search))
        rows = execute_one(self._place, lambda c: c.execute(statement).all())
        return [user_of(row) for row in rows]

    def count(self) -> UserCount:
        """Return the number of users."""
        return UserCount(*execute_one(self._place, lambda c: c.execute(_COUNTS).one()))

    def replace_password_hash(self, user_id: str, old: str, new: str) -> bool:
        """Replace the hash if it is ``old``; return whether it was."""
        return self._changed(_this(user_id, _users.password_hash == old).values(password_hash=new))

    def set_password(self, user_id: str, password_hash: str, now: float, version: int) -> bool:
        """Change the password, if the version is still this one."""
        statement = _this(user_id, _users.version == version).values(
            password_hash=password_hash, password_changed_at=now, version=_NEXT_VERSION
        )
        return self._changed(statement)

    def require_password_review(self, user_id: str, now: float) -> bool:
        """Require a check of the password at the next login without a second factor."""
        return self._changed(_this(user_id).values(password_review_at=now))

    def finish_password_review(self, user_id: str, version: int) -> bool:
        """Record that the password was checked, if the version is still this one."""
        statement = _this(user_id, _users.version == version).values(password_review_at=None)
        return self._changed(statement)

    def change_email(
        self, user_id: str, email: str, email_key: str, now: float, version: int
    ) -> bool:
        """Change the e-mail address, or raise ``EmailTaken``."""
        statement = _this(user_id, _users.version == version).values(
            email=email, email_key=email_key, email_verified_at=now, version=_NEXT_VERSION
        )
        try:
            return self._changed(statement)
        except exc.IntegrityError as error:
            raise EmailTaken from error

    def verify_email(self, user_id: str, email_key: str, now: float) -> bool:
        """Record that the address is verified, if it is still this one."""
        first = func.coalesce(_users.email_verified_at, now)
        statement = _this(user_id, _users.email_key == email_key).values(email_verified_at=first)
        return self._changed(statement)

    def set_roles(self, user_id: str, roles: frozenset[str]) -> bool:
        """Replace the roles of the user."""
        return self._changed(_this(user_id).values(roles=_text(roles)))

    def set_scopes(self, user_id: str, scopes: frozenset[str]) -> bool:
        """Replace the scopes of the user."""
        return self._changed(_this(user_id).values(scopes=_text(scopes)))

    def disable(self, user_id: str, now: float) -> bool:
        """Disable the user; return whether the user was enabled."""
        enabled = _users.disabled_at.is_(None)
        statement = _this(user_id, enabled).values(disabled_at=now, version=_NEXT_VERSION)
        return self._changed(statement)

    def enable(self, user_id: str) -> bool:
        """Enable the user; return whether the user was disabled."""
        disabled = _users.disabled_at.is_not(None)
        return self._changed(_this(user_id, disabled).values(disabled_at=None))

    def hold_admins(self) -> frozenset[str]:
        """Return the ids of the enabled administrators, and lock their rows."""
        statement = _ADMINS[self._place.dialect.name]
        return frozenset(execute_one(self._place, lambda c: c.execute(statement).scalars().all()))

    def delete(self, user_id: str) -> bool:
        """Delete the user; return whether there was one."""
        return self._changed(tables.users.delete().where(_users.id == user_id))

    def ping(self) -> None:
        """Read from the table, so that a database without it is not reported as ready."""
        self.page(limit=1)

    def _one(self, statement: Select[Any], values: Values) -> User | None:
        for row in self._database.rows(statement, values):
            return user_of(row)
        return None

    def _changed(self, statement: Any) -> bool:
        return execute_one(self._place, lambda c: c.execute(statement).rowcount) == 1

    def _contains(self, search: str) -> ColumnElement[bool]:
        key = _users.email_key
        if self._place.dialect.name == "postgresql":
            # With `watchword_users_search` an index lookup.
            anywhere = "%" if len(search) >= SHORTEST_PART else ""
            pattern = f"{anywhere}{_LIKE_SPECIAL.sub(_ESCAPED, search)}%"
            return key.like(literal(pattern, AnyText), escape="\\")
        if len(search) < SHORTEST_PART:
            return and_(key >= literal(search, AnyText), key < literal(f"{search}{_LAST}", AnyText))
        # Not LIKE, because SQLite rejects long patterns. It reads the index of all keys: 0.1 s
        # for a million users. A full-text index would make each registration slower.
        position: ColumnElement[int] = func.instr(key, literal(search, AnyText))
        return position > 0


def _this(user_id: str, *conditions: ColumnElement[bool]) -> Update:
    return update(tables.users).where(_users.id == user_id, *conditions)


def _values(user: User) -> dict[str, Any]:
    values = {column.name: getattr(user, column.name) for column in USER_COLUMNS}
    return values | {"roles": _text(user.roles), "scopes": _text(user.scopes)}


def _text(names: frozenset[str]) -> str:
    return " ".join(sorted(names))


def user_of(row: Iterable[Any]) -> User:
    """Return the user of a row with ``USER_COLUMNS``."""
    values: list[Any] = list(row)
    for position in _NAMES:
        values[position] = frozenset(values[position].split())
    return User(*values)
