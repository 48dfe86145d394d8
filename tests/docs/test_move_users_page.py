"""The snippets of the page on moving users write files that can be imported."""

import io
import json
import re
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from flask_watchword.accounts.passwords import HashProfile, Passwords
from flask_watchword.accounts.users import User
from flask_watchword.service.features.user_import.file import rows_of
from flask_watchword.service.features.user_import.flow import user_of_record
from tests.docs.move_users import PAGE, code

VECTORS = Path(__file__).parents[1] / "vectors" / "imported_hashes"
PASSWORDS = Passwords(HashProfile(8, 1, 1))
SOME_TIME = 1_508_893_925.0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(system: str, **changes: str) -> None:
    text = code(system)
    for old, new in changes.items():
        text = text.replace(f'"{old}": "..."', f'"{old}": "{new}"')
    exec(compile(text, PAGE.name, "exec"), {})  # noqa: S102 - it is ours


def imported(path: Path) -> list[User | str]:
    """Return the users of a file, and the passwords of those that are hashed by the import."""
    found: list[User | str] = []
    for row in rows_of(path, io.BytesIO(path.read_bytes())):
        assert row.record is not None, row.reason
        user = user_of_record(row.record, PASSWORDS, 0.0)
        found.append(row.record.password or user)
    return found


def test_users_of_firebase(folder: Path) -> None:
    vector = json.loads((VECTORS / "firebase.json").read_text())["vectors"][0]
    key, salt, digest = re.split(r".*,sk=|\$", vector["hash"])[-3:]
    export = {
        "users": [
            {
                "localId": "kYi4EvWQlQTKSfnJ3dRSP6IH3ed2",
                "email": "ada@example.com",
                "emailVerified": True,
                "passwordHash": digest.replace("+", "-").replace("/", "_"),
                "salt": salt.replace("+", "-"),
                "createdAt": "1508893925000",
            },
            {"localId": "b", "email": "bob@example.com", "createdAt": "0"},
            {"localId": "c", "phoneNumber": "+1", "createdAt": "0"},
        ]
    }
    (folder / "export.json").write_text(json.dumps(export))
    run("Firebase", base64_signer_key=key)
    ada, bobs_password = imported(folder / "users.jsonl")
    assert isinstance(ada, User)
    assert ada.id == "kYi4EvWQlQTKSfnJ3dRSP6IH3ed2"
    assert (ada.created_at, ada.email_verified_at) == (SOME_TIME, SOME_TIME)
    assert PASSWORDS.verify(ada.password_hash, vector["password"])
    assert isinstance(bobs_password, str)
    assert len(bobs_password) == 43


def test_users_of_keycloak(folder: Path) -> None:
    vectors = json.loads((VECTORS / "keycloak.json").read_text())["vectors"]
    export = {
        "users": [
            {
                "id": f"0000-{number}",
                "email": f"user{number}@example.com",
                "emailVerified": True,
                "enabled": False,
                "createdTimestamp": 1508893925000,
                "credentials": [{"type": "otp"}, vector["credential"]],
            }
            for number, vector in enumerate(vectors)
        ]
        + [{"id": "b", "email": "bob@example.com", "createdTimestamp": 0}, {"id": "c"}]
    }
    (folder / "export.json").write_text(json.dumps(export))
    run("Keycloak")
    *users, bobs_password = imported(folder / "users.jsonl")
    for user, vector in zip(users, vectors, strict=True):
        assert isinstance(user, User)
        assert user.is_disabled
        assert (user.created_at, user.email_verified_at) == (SOME_TIME, SOME_TIME)
        assert PASSWORDS.verify(user.password_hash, vector["password"])
    assert isinstance(bobs_password, str)


class _DjangoUsers:
    """What the snippet takes of Django's users."""

    def __init__(self, users: list[Any]) -> None:
        self.objects = self
        self._users = users

    def exclude(self, email: str) -> "_DjangoUsers":
        return _DjangoUsers([user for user in self._users if user.email != email])

    def iterator(self) -> Iterator[Any]:
        return iter(self._users)


def test_users_of_django(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vector = json.loads((VECTORS / "django.json").read_text())["vectors"][0]

    def user(email: str, password: str, *, usable: bool = True) -> Any:
        return SimpleNamespace(
            email=email,
            password=password,
            is_active=True,
            is_superuser=True,
            date_joined=datetime.fromtimestamp(SOME_TIME, UTC),
            has_usable_password=lambda: usable,
        )

    users = _DjangoUsers(
        [
            user("ada@example.com", vector["hash"]),
            user("bob@example.com", "!x", usable=False),
            user("", vector["hash"]),
        ]
    )
    for name in ("django", "django.contrib", "django.contrib.auth"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules["django.contrib.auth"].get_user_model = lambda: users  # type: ignore[attr-defined]
    run("Django")
    ada, bobs_password = imported(folder / "users.jsonl")
    assert isinstance(ada, User)
    assert ada.roles == frozenset({"admin"})
    assert (ada.created_at, ada.is_disabled) == (SOME_TIME, False)
    assert PASSWORDS.verify(ada.password_hash, vector["password"])
    assert isinstance(bobs_password, str)


def test_users_of_wordpress(folder: Path) -> None:
    vector = json.loads((VECTORS / "wordpress.json").read_text())["vectors"][0]
    (statement,) = re.findall(r'--execute "(.*?)"', PAGE.read_text(), re.DOTALL)
    database = sqlite3.connect(":memory:")
    database.create_function("CONCAT", -1, lambda *texts: "".join(texts))
    database.execute("CREATE TABLE wp_users (user_email, user_pass, user_registered)")
    row = ("ada@example.com", vector["hash"], "2017-10-25 01:12:05")
    database.executemany("INSERT INTO wp_users VALUES (?, ?, ?)", [row, ("", "", "")])
    lines = [found[0] + "\n" for found in database.execute(statement)]
    (folder / "users.jsonl").write_text("".join(lines))
    (ada,) = imported(folder / "users.jsonl")
    assert isinstance(ada, User)
    assert ada.created_at == SOME_TIME
    assert PASSWORDS.verify(ada.password_hash, vector["password"])
