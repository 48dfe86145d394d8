import bcrypt
import pytest

from flask_watchword.accounts.accounts import Accounts
from flask_watchword.accounts.credentials import WrongPassword, authenticate, confirm_password
from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.passwords import HashProfile, Passwords
from flask_watchword.accounts.users import User, new_user
from tests.accounts.memory_database import MemoryDatabase
from tests.memory_stores.users import MemoryUserStore

OLD = HashProfile(memory_kib=8, time_cost=1, parallelism=1)


class CountingPasswords(Passwords):
    """Count the verified hashes of users, and the decoys."""

    def __init__(self) -> None:
        super().__init__(OLD)
        self.work: list[str] = []

    def verify(self, password_hash: str, password: str) -> bool:
        self.work.append("user")
        return super().verify(password_hash, password)

    def verify_decoy(self, password: str) -> None:
        self.work.append("nobody")
        super().verify_decoy(password)


@pytest.fixture
def passwords() -> CountingPasswords:
    return CountingPasswords()


@pytest.fixture
def users(passwords: CountingPasswords) -> MemoryUserStore:
    store = MemoryUserStore()
    store.add(new_user("Ada@Example.com", passwords.hash("right"), 0.0))
    return store


def ada(users: MemoryUserStore) -> User:
    user = users.by_email(email_key("ada@example.com"))
    assert user is not None
    return user


def test_correct_password_returns_the_user_for_any_spelling_of_the_address(
    users: MemoryUserStore, passwords: CountingPasswords
) -> None:
    assert authenticate(users, passwords, " aDA@example.COM ", "right") == ada(users)


def test_wrong_password_returns_no_user(
    users: MemoryUserStore, passwords: CountingPasswords
) -> None:
    assert authenticate(users, passwords, "ada@example.com", "wrong") is None


def test_unknown_address_costs_one_hash_like_a_wrong_password(
    users: MemoryUserStore, passwords: CountingPasswords
) -> None:
    assert authenticate(users, passwords, "eve@example.com", "right") is None
    assert authenticate(users, passwords, "ada@example.com", "wrong") is None
    assert passwords.work == ["nobody", "user"]


def test_login_renews_a_hash_with_outdated_parameters(users: MemoryUserStore) -> None:
    before = ada(users).password_hash
    user = authenticate(users, Passwords(), "ada@example.com", "right")
    assert user == ada(users)
    assert user.password_hash != before
    assert not Passwords().needs_rehash(user.password_hash)
    assert authenticate(users, Passwords(), "ada@example.com", "right") == user


def test_wrong_password_renews_nothing(users: MemoryUserStore) -> None:
    before = ada(users)
    assert authenticate(users, Passwords(), "ada@example.com", "wrong") is None
    assert ada(users) == before


class ChangedConcurrently(MemoryUserStore):
    """A store in which another request changes the password before the hash is stored."""

    def replace_password_hash(self, user_id: str, old: str, new: str) -> bool:
        assert super().replace_password_hash(user_id, old, "changed meanwhile")
        return super().replace_password_hash(user_id, old, new)


def test_renewed_hash_never_overwrites_a_concurrent_change() -> None:
    users = ChangedConcurrently()
    users.add(new_user("ada@example.com", Passwords(OLD).hash("right"), 0.0))
    assert authenticate(users, Passwords(), "ada@example.com", "right") is not None
    assert ada(users).password_hash == "changed meanwhile"


def test_disabled_user_is_rejected_at_the_cost_of_a_wrong_password(
    users: MemoryUserStore, passwords: CountingPasswords
) -> None:
    assert users.disable(ada(users).id, 5.0)
    assert authenticate(users, passwords, "ada@example.com", "right") is None
    assert authenticate(users, passwords, "ada@example.com", "wrong") is None
    assert passwords.work == ["user", "user"]


def test_hash_of_a_disabled_user_is_not_renewed(users: MemoryUserStore) -> None:
    users.disable(ada(users).id, 5.0)
    before = ada(users)
    assert authenticate(users, Passwords(), "ada@example.com", "right") is None
    assert ada(users) == before


def test_imported_hash_is_renewed_at_login_without_a_new_version(
    passwords: CountingPasswords,
) -> None:
    users = MemoryUserStore()
    imported = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()
    users.add(new_user("ada@example.com", imported, 0.0))
    assert authenticate(users, passwords, "ada@example.com", "wrong") is None
    assert ada(users).password_hash == imported
    user = authenticate(users, passwords, "ada@example.com", "right")
    assert user == ada(users)
    assert user.password_hash.startswith("$argon2id$")
    assert (user.version, user.password_changed_at) == (1, None)
    assert authenticate(users, passwords, "ada@example.com", "right") == user


def test_logged_in_user_confirms_the_password(
    users: MemoryUserStore, passwords: CountingPasswords
) -> None:
    accounts = Accounts(database=MemoryDatabase(users), passwords=passwords)
    assert confirm_password(accounts, ada(users).id, "right") == ada(users)
    with pytest.raises(WrongPassword):
        confirm_password(accounts, ada(users).id, "wrong")
    users.disable(ada(users).id, 5.0)
    for user_id in (ada(users).id, "nobody"):
        with pytest.raises(WrongPassword):
            confirm_password(accounts, user_id, "right")
    assert passwords.work == ["user", "user", "user", "nobody"]
