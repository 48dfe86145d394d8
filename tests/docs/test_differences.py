"""The differences from Flask-JWT-Extended on the pages are real."""
# jwt_required() is typed Any, as Flask-JWT-Extended's is.
# mypy: disable-error-code=untyped-decorator

import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import flask_jwt_extended
import jwt
import pytest
from flask import Flask

import flask_watchword
from tests.docs.pages import ARCHITECTURE, DOCS, between, table_rows, text_of
from tests.extension.deliberate_differences import DIFFERENCES

MIGRATION = DOCS / "extension" / "migration.md"
SECRET = "thirty-two random bytes or more, please"


def application(library: ModuleType, **options: Any) -> tuple[Flask, Any]:
    """Return an application as it runs in production, and its manager."""
    app = Flask("differences")
    app.logger.disabled = True
    app.config.update(PROPAGATE_EXCEPTIONS=False, JWT_SECRET_KEY=SECRET)
    app.config.update({f"JWT_{name}": value for name, value in options.items()})
    manager = library.JWTManager(app)
    app.add_url_rule("/", "plain", library.jwt_required()(lambda: "seen"), methods=["GET", "POST"])
    app.add_url_rule("/fresh", "fresh", library.jwt_required(fresh=True)(lambda: "seen"))
    return app, manager


def status(app: Flask, path: str = "/", **request: Any) -> str:
    client = app.test_client(use_cookies=False)
    with warnings.catch_warnings():
        # Flask-JWT-Extended does not await what an asynchronous loader returns.
        warnings.simplefilter("ignore", RuntimeWarning)
        return str(client.open(path, **request).status_code)


def bearing(**claims: Any) -> dict[str, Any]:
    token = jwt.encode({"sub": "alice", "type": "access", "jti": "1", **claims}, SECRET)
    return {"headers": {"Authorization": f"Bearer {token}"}}


def odd_header(library: ModuleType) -> str:
    return status(application(library)[0], headers={"Authorization": ", ,x"})


def odd_csrf_value(library: ModuleType) -> str:
    app, _ = application(library, TOKEN_LOCATION=["cookies"])
    token = jwt.encode({"sub": "alice", "type": "access", "jti": "1", "csrf": "c"}, SECRET)
    cookie = ("Cookie", f"access_token_cookie={token}")
    return status(app, method="POST", headers=[cookie, ("X-CSRF-TOKEN", "\xff")])


def json_list(library: ModuleType) -> str:
    return status(application(library, TOKEN_LOCATION=["json"])[0], method="POST", json=[1])


def fresh(value: Any) -> Callable[[ModuleType], str]:
    return lambda library: status(application(library)[0], "/fresh", **bearing(fresh=value))


def asynchronous_blocklist(library: ModuleType) -> str:
    app, manager = application(library)

    @manager.token_in_blocklist_loader
    async def is_revoked(header: Any, claims: Any) -> bool:
        return False

    return status(app, **bearing())


def asynchronous_user_lookup(library: ModuleType) -> str:
    app, manager = application(library)

    @manager.user_lookup_loader
    async def user_of(header: Any, claims: Any) -> None:
        return None

    return status(app, **bearing())


def locations_as_a_set(library: ModuleType) -> str:
    return status(application(library, TOKEN_LOCATION={"headers", "cookies"})[0])


def error_of_its_own(library: ModuleType) -> str:
    app, _ = application(library)
    app.add_url_rule("/own", "own", lambda: jwt.decode("x", SECRET, ["HS256"]))
    return status(app, "/own")


def lifetime_of_zero(library: ModuleType) -> str:
    app, _ = application(library, ACCESS_TOKEN_EXPIRES=0)
    with app.app_context():
        token = library.create_access_token("alice")
    return status(app, headers={"Authorization": f"Bearer {token}"})


CASES: dict[str, Callable[[ModuleType], str]] = {
    "the header `Authorization: , ,x`": odd_header,
    "an `X-CSRF-TOKEN` that is not ASCII": odd_csrf_value,
    "a JSON list, with the token location `json`": json_list,
    'a token with `"fresh": null` where a fresh one is required': fresh(None),
    'a token with `"fresh": NaN` where a fresh one is required': fresh(float("nan")),
    "an `async` blocklist loader that returns `False`": asynchronous_blocklist,
    "an `async` user lookup that returns `None`": asynchronous_user_lookup,
    "`JWT_TOKEN_LOCATION` as a set, and a request without a token": locations_as_a_set,
    "a PyJWT error in its own code, unrelated to the request's token": error_of_its_own,
    "`JWT_ACCESS_TOKEN_EXPIRES = 0`, and a token created with it": lifetime_of_zero,
}
ROWS = {case: texts for case, *texts in table_rows(between(text_of(MIGRATION), "differences"))}


def test_page_has_a_row_for_each_case() -> None:
    assert list(ROWS) == list(CASES)


# A coroutine that is not awaited is closed by the garbage collector, which warns.
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
# One case creates a token that has expired already.
@pytest.mark.filterwarnings("ignore::flask_watchword.exceptions.UnusableTokenWarning")
@pytest.mark.parametrize("case", CASES)
def test_page_has_the_status_of_both_libraries(case: str) -> None:
    assert [CASES[case](flask_jwt_extended), CASES[case](flask_watchword)] == ROWS[case]


def test_architecture_has_the_reason_of_every_additional_error() -> None:
    rows = table_rows(text_of(ARCHITECTURE))
    texts = {row[0]: row[1] for row in rows if len(row) == 2}
    expected = {difference.reason: difference.text for difference in DIFFERENCES}
    assert texts.keys() == expected.keys()
    assert all(f"`{text}`" in texts[reason] for reason, text in expected.items())
