"""A user store in memory, for tests."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from flask_watchword.accounts.admins import ADMIN
from flask_watchword.accounts.user_store import SHORTEST_PART, EmailTaken, UserCount
from flask_watchword.accounts.users import User
from flask_watchword.locks import process_lock


class MemoryUserStore:
    """A user store that is lost when the process ends; one lock makes each write atomic."""

    def __init__(self) -> None:
        self._by_id: dict[str, User] = {}
        self._ids: dict[str, str] = {}
        self._lock = process_lock()

    def add(self, user: User) -> None:
        """Store a new user, or raise ``EmailTaken``."""
        with self._lock():
            if user.email_key in self._ids:
                raise EmailTaken
            self._ids[user.email_key] = user.id
            self._by_id[user.id] = user

    def add_many(self, users: Sequence[User]) -> frozenset[str]:
        """Store those new users whose key and id are unused; return their ids."""
        added = set[str]()
        with self._lock():
            for user in users:
                if user.email_key not in self._ids and user.id not in self._by_id:
                    self._ids[user.email_key] = user.id
                    self._by_id[user.id] = user
                    added.add(user.id)
        return frozenset(added)

    def by_email(self, email_key: str) -> User | None:
        """Return the user with this key."""
        with self._lock():
            return self._by_id.get(self._ids.get(email_key, ""))

    def by_id(self, user_id: str) -> User | None:
        """Return the user with this id."""
        return self._by_id.get(user_id)

    def page(self, after: str = "", limit: int = 100, search: str = "") -> Sequence[User]:
        """Return up to ``limit`` users in the order of their keys, starting after ``after``."""
        with self._lock():
            keys = sorted(key for key in self._ids if key > after and _matches(key, search))[:limit]
            return [self._by_id[self._ids[key]] for key in keys]

    def count(self) -> UserCount:
        """Return the number of users."""
        with self._lock():
            disabled = sum(user.is_disabled for user in self._by_id.values())
            return UserCount(len(self._by_id), disabled)

    def replace_password_hash(self, user_id: str, old: str, new: str) -> bool:
        """Replace the hash if it is still ``old``; return whether it was."""
        return self._change(user_id, lambda user: user.password_hash == old, password_hash=new)

    def set_password(self, user_id: str, password_hash: str, now: float, version: int) -> bool:
        """Set the user's password if the version is unchanged."""
        return self._change(
            user_id,
            lambda user: user.version == version,
            password_hash=password_hash,
            password_changed_at=now,
            version=version + 1,
        )

    def require_password_review(self, user_id: str, now: float) -> bool:
        """Require a password check at the next login without a second factor."""
        return self._change(user_id, _always, password_review_at=now)

    def finish_password_review(self, user_id: str, version: int) -> bool:
        """Record that the password was checked, if the version is unchanged."""
        return self._change(user_id, lambda user: user.version == version, password_review_at=None)

    def change_email(
        self, user_id: str, email: str, email_key: str, now: float, version: int
    ) -> bool:
        """Set the user's address, or raise ``EmailTaken``."""
        with self._lock():
            user = self._by_id.get(user_id)
            if user is None or user.version != version:
                return False
            if self._ids.get(email_key, user_id) != user_id:
                raise EmailTaken
            del self._ids[user.email_key]
            self._ids[email_key] = user_id
            self._by_id[user_id] = replace(
                user,
                email=email,
                email_key=email_key,
                email_verified_at=now,
                version=version + 1,
            )
            return True

    def verify_email(self, user_id: str, email_key: str, now: float) -> bool:
        """Record that the address is verified, if it is unchanged."""
        with self._lock():
            user = self._by_id.get(user_id)
            if user is None or user.email_key != email_key:
                return False
            if user.email_verified_at is None:
                self._by_id[user_id] = replace(user, email_verified_at=now)
            return True

    def set_roles(self, user_id: str, roles: frozenset[str]) -> bool:
        """Replace the user's roles."""
        return self._change(user_id, _always, roles=roles)

    def set_scopes(self, user_id: str, scopes: frozenset[str]) -> bool:
        """Replace the user's scopes."""
        return self._change(user_id, _always, scopes=scopes)

    def disable(self, user_id: str, now: float) -> bool:
        """Disable the user; return whether that changed anything."""
        with self._lock():
            user = self._by_id.get(user_id)
            if user is None or user.is_disabled:
                return False
            self._by_id[user_id] = replace(user, disabled_at=now, version=user.version + 1)
            return True

    def enable(self, user_id: str) -> bool:
        """Undo ``disable``; return whether that changed anything."""
        return self._change(user_id, lambda user: user.is_disabled, disabled_at=None)

    def hold_admins(self) -> frozenset[str]:
        """Return the ids of the enabled users with the role ``admin``."""
        with self._lock():
            users = self._by_id.values()
            return frozenset(u.id for u in users if ADMIN in u.roles and not u.is_disabled)

    def delete(self, user_id: str) -> bool:
        """Delete the user; return whether there was one."""
        with self._lock():
            user = self._by_id.pop(user_id, None)
            if user is None:
                return False
            del self._ids[user.email_key]
            return True

    def ping(self) -> None:
        """Return: memory is always available."""

    def _change(self, user_id: str, still: Callable[[User], bool], **values: Any) -> bool:
        with self._lock():
            user = self._by_id.get(user_id)
            if user is None or not still(user):
                return False
            self._by_id[user_id] = replace(user, **values)
            return True


def _always(_user: User) -> bool:
    return True


def _matches(key: str, search: str) -> bool:
    return search in key if len(search) >= SHORTEST_PART else key.startswith(search)
