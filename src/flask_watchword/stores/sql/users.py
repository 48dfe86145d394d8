"""Users in a SQL database, one statement for each method."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Engine, exc, insert, select, update

from flask_watchword.accounts.store import EmailTaken
from flask_watchword.accounts.users import User
from flask_watchword.stores.sql import tables
from flask_watchword.stores.sql.engine import reading, writing

_users = tables.users
# Named one by one: the order is that of `User`, whatever order the table has.
_select_user = select(
    _users.c.id,
    _users.c.email,
    _users.c.email_key,
    _users.c.password_hash,
    _users.c.created_at,
)


class SqlUserStore:
    """A user store over an engine whose schema is in place.

    Atomicity is the database's: a unique constraint on ``email_key`` decides between concurrent
    additions, and the WHERE clause of one UPDATE is the compare-and-swap.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, user: User) -> None:
        """Keep a new user, or raise ``EmailTaken``."""
        values = {
            "id": user.id,
            "email": user.email,
            "email_key": user.email_key,
            "password_hash": user.password_hash,
            "created_at": user.created_at,
        }
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(_users), values)
        except exc.IntegrityError as error:
            raise EmailTaken from error

    def by_email(self, email_key: str) -> User | None:
        """Return the user with this key."""
        return self._one(_users.c.email_key == email_key)

    def by_id(self, user_id: str) -> User | None:
        """Return the user with this id."""
        return self._one(_users.c.id == user_id)

    def page(self, after: str = "", limit: int = 100) -> Sequence[User]:
        """Return up to ``limit`` users in the order of their keys, from behind ``after`` on."""
        key = _users.c.email_key
        statement = _select_user.where(key > after).order_by(key).limit(limit)
        with reading(self._engine) as connection:
            return [User(*row) for row in connection.execute(statement)]

    def replace_password_hash(self, user_id: str, old: str, new: str) -> bool:
        """Put ``new`` where ``old`` stands; return whether it stood there."""
        unchanged = (_users.c.id == user_id) & (_users.c.password_hash == old)
        statement = update(_users).where(unchanged).values(password_hash=new)
        with writing(self._engine) as connection:
            return connection.execute(statement).rowcount == 1

    def ping(self) -> None:
        """Read from the table, so that a database without it does not count as ready."""
        self.page(limit=1)

    def _one(self, condition: ColumnElement[bool]) -> User | None:
        with reading(self._engine) as connection:
            row = connection.execute(_select_user.where(condition)).first()
        return None if row is None else User(*row)
