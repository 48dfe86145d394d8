"""API tokens and OAuth client secrets on real databases."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, text

from flask_watchword.accounts.api_tokens import (
    USE_RECORDED_EVERY,
    ApiToken,
    ApiTokenKind,
    ScopeNotHeld,
    UnacceptableName,
    find_api_token,
    find_client,
    looks_like,
    new_api_token,
    scopes_now,
    token_hash,
)
from flask_watchword.infra.errors import StoreUnavailable
from flask_watchword.infra.sql.api_tokens import SqlApiTokenStore
from flask_watchword.infra.sql.engine import open_engine, reading
from tests.infra.sql.recorded_statements import recording

NOW = 1_700_000_000.25
PERSONAL, CLIENT = ApiTokenKind.PERSONAL, ApiTokenKind.CLIENT
HELD = {"read", "write"}


@pytest.fixture
def store(any_engine: Engine) -> SqlApiTokenStore:
    return SqlApiTokenStore(any_engine)


def made(
    store: SqlApiTokenStore,
    kind: ApiTokenKind = PERSONAL,
    owner: str = "ada",
    lifetime: float | None = None,
    now: float = NOW,
) -> tuple[ApiToken, str]:
    token, shown = new_api_token(kind, owner, "deploy", {"read"}, HELD, now, lifetime)
    store.add(token)
    return token, shown


@contextmanager
def recorded(engine: Engine) -> Iterator[tuple[SqlApiTokenStore, list[tuple[str, Any]]]]:
    """Yield a store of the same tokens, and the list of statements sent during the block."""
    with recording() as sent:
        ours = open_engine(engine.url)
        store = SqlApiTokenStore(ours)
        store.of_owner("nobody")  # without the statements for a new connection
        sent.clear()
        yield store, sent
        ours.dispose()


def test_token_is_found_by_its_secret(store: SqlApiTokenStore) -> None:
    token, shown = made(store)
    made(store)
    assert find_api_token(store, PERSONAL, shown, NOW) == token


def test_database_does_not_contain_a_token(any_engine: Engine) -> None:
    token, shown = made(SqlApiTokenStore(any_engine))
    with reading(any_engine) as connection:
        rows = connection.execute(text("SELECT * FROM watchword_machine_tokens")).all()
    assert shown[4:] not in str(rows)
    assert token_hash(shown) in str(rows)
    assert token_hash(shown) not in repr(token)


def test_token_has_a_prefix_and_more_than_128_random_bits() -> None:
    shown = {new_api_token(PERSONAL, "a", "b", [], [], NOW, None)[1] for _ in range(200)}
    assert len(shown) == 200
    assert all(re.fullmatch("wwp_[0-9A-Za-z]{36}", text) for text in shown)
    assert 62**30 > 2**128
    assert new_api_token(CLIENT, "a", "b", [], [], NOW, None)[1].startswith("wwc_")


def test_mistyped_token_costs_no_query(any_engine: Engine) -> None:
    store = SqlApiTokenStore(any_engine)
    _, shown = made(store)
    wrong = [
        "",
        "wwp_",
        shown[:-1],
        shown + "0",
        shown.swapcase(),
        "wwc_" + shown[4:],
        shown.replace("wwp_", "wwp-"),
        shown[:10] + ("A" if shown[10] != "A" else "B") + shown[11:],
        shown[:10] + "ä" + shown[11:],
        shown[:-1] + "\0",
        f" {shown[1:]}",
    ]
    with recorded(any_engine) as (other, sent):
        assert [find_api_token(other, PERSONAL, text, NOW) for text in wrong] == [None] * 11
    assert sent == []


def test_every_single_wrong_character_is_detected() -> None:
    _, shown = new_api_token(PERSONAL, "a", "b", [], [], NOW, None)
    for n in range(4, len(shown)):
        for other in "09AZaz":
            changed = shown[:n] + other + shown[n + 1 :]
            assert looks_like(PERSONAL, changed) == (changed == shown)


def test_look_up_is_one_statement_with_an_index(any_engine: Engine) -> None:
    store = SqlApiTokenStore(any_engine)
    _, shown = made(store)
    find_api_token(store, PERSONAL, shown, NOW)
    with recorded(any_engine) as (other, sent):
        find_api_token(other, PERSONAL, shown, NOW)
        ((statement, _),) = sent
    assert "token_hash = " in statement


def test_token_expires_exactly_at_its_end(store: SqlApiTokenStore) -> None:
    _, shown = made(store, lifetime=60.0)
    assert find_api_token(store, PERSONAL, shown, NOW + 59.9) is not None
    assert find_api_token(store, PERSONAL, shown, NOW + 60.0) is None


def test_revoked_token_is_rejected_immediately(store: SqlApiTokenStore) -> None:
    token, shown = made(store)
    assert store.revoke(token.id, "ada", NOW)
    assert not store.revoke(token.id, "ada", NOW + 1)
    assert find_api_token(store, PERSONAL, shown, NOW) is None
    assert store.of_owner("ada") == [replace(token, revoked_at=NOW)]


def test_token_of_another_user_cannot_be_revoked(store: SqlApiTokenStore) -> None:
    token, shown = made(store)
    assert not store.revoke(token.id, "bob", NOW)
    assert find_api_token(store, PERSONAL, shown, NOW) is not None


def test_tokens_are_deleted_with_their_user(store: SqlApiTokenStore) -> None:
    _, shown = made(store)
    other, _ = made(store, owner="bob")
    store.remove_all("ada")
    assert store.of_owner("ada") == []
    assert find_api_token(store, PERSONAL, shown, NOW) is None
    assert store.of_owner("bob") == [other]


def test_tokens_are_listed_newest_first(store: SqlApiTokenStore) -> None:
    tokens = [made(store, now=NOW + n)[0] for n in (1, 3, 2)]
    assert [t.created_at - NOW for t in store.of_owner("ada")] == [3, 2, 1]
    assert set(store.of_owner("ada")) == set(tokens)


def test_last_use_is_recorded_at_most_once_a_minute(any_engine: Engine) -> None:
    store = SqlApiTokenStore(any_engine)
    _, shown = made(store)
    with recorded(any_engine) as (other, sent):
        for n in range(600):  # ten a second for a minute
            find_api_token(other, PERSONAL, shown, NOW + n / 10)
    assert len([1 for statement, _ in sent if statement.startswith("UPDATE")]) == 1
    assert store.of_owner("ada")[0].last_used_at == NOW
    find_api_token(store, PERSONAL, shown, NOW + USE_RECORDED_EVERY)
    assert store.of_owner("ada")[0].last_used_at == NOW + USE_RECORDED_EVERY


def test_last_use_never_moves_back(store: SqlApiTokenStore) -> None:
    token, _ = made(store)
    store.record_use(token.id, NOW + 100, NOW + 40)
    store.record_use(token.id, NOW + 90, NOW + 30)
    assert store.of_owner("ada")[0].last_used_at == NOW + 100


def test_store_that_cannot_record_the_use_still_accepts_the_token(
    store: SqlApiTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, shown = made(store)
    found = store.by_hash(token_hash(shown))
    monkeypatch.setattr(store, "by_hash", lambda digest: found)

    def locked(*arguments: object) -> None:
        raise StoreUnavailable("locked")

    monkeypatch.setattr(store._database, "count", locked)
    assert find_api_token(store, PERSONAL, shown, NOW) == token


def test_client_is_authenticated_by_id_and_secret(store: SqlApiTokenStore) -> None:
    client, secret = made(store, CLIENT)
    other, _ = made(store, CLIENT)
    assert find_client(store, client.id, secret, NOW) == client
    for wrong in (other.id, "", client.id.upper(), "ä", "\ud800"):
        assert find_client(store, wrong, secret, NOW) is None


def test_personal_token_and_client_secret_are_not_interchangeable(
    store: SqlApiTokenStore,
) -> None:
    personal, token = made(store)
    _, secret = made(store, CLIENT)
    assert find_client(store, personal.id, token, NOW) is None
    assert find_api_token(store, PERSONAL, secret, NOW) is None


def test_scopes_are_limited_to_those_of_the_owner() -> None:
    with pytest.raises(ScopeNotHeld, match="admin root"):
        new_api_token(PERSONAL, "ada", "x", {"root", "read", "admin"}, HELD, NOW, None)


def test_scopes_that_the_owner_has_lost_are_not_granted(store: SqlApiTokenStore) -> None:
    token, _ = made(store)
    assert scopes_now(token, HELD) == {"read"}
    assert scopes_now(token, {"write"}) == set()


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\0b", "\x1b[2J", "\ud800"])
def test_invalid_name_is_rejected(name: str) -> None:
    with pytest.raises(UnacceptableName):
        new_api_token(PERSONAL, "ada", name, [], [], NOW, None)
