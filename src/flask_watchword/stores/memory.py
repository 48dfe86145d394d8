"""Users in this process's memory: for tests, and for applications that need no more."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from flask_watchword.accounts.store import EmailTaken
from flask_watchword.accounts.users import User


class MemoryUserStore:
    """A user store that lives and dies with the process; one lock makes each write atomic."""

    def __init__(self) -> None:
        self._by_id: dict[str, User] = {}
        self._ids: dict[str, str] = {}
        self._lock = threading.Lock()

    def add(self, user: User) -> None:
        """Keep a new user, or raise ``EmailTaken``."""
        with self._lock:
            if user.email_key in self._ids:
                raise EmailTaken
            self._ids[user.email_key] = user.id
            self._by_id[user.id] = user

    def by_email(self, email_key: str) -> User | None:
        """Return the user with this key."""
        with self._lock:
            return self._by_id.get(self._ids.get(email_key, ""))

    def by_id(self, user_id: str) -> User | None:
        """Return the user with this id."""
        return self._by_id.get(user_id)

    def page(self, after: str = "", limit: int = 100) -> Sequence[User]:
        """Return up to ``limit`` users in the order of their keys, from behind ``after`` on."""
        with self._lock:
            keys = sorted(key for key in self._ids if key > after)[:limit]
            return [self._by_id[self._ids[key]] for key in keys]

    def replace_password_hash(self, user_id: str, old: str, new: str) -> bool:
        """Put ``new`` where ``old`` stands; return whether it stood there."""
        with self._lock:
            user = self._by_id.get(user_id)
            if user is None or user.password_hash != old:
                return False
            self._by_id[user_id] = replace(user, password_hash=new)
            return True

    def ping(self) -> None:
        """Return: memory always answers."""
