"""Misspelled options are reported once, at the line that sets the extension up."""

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import flask_jwt_extended.config
import pytest
from flask import Flask

from flask_watchword import JWTManager, Sessions
from flask_watchword.extension.options.unknown_names import misspelled_options
from flask_watchword.service.load_settings import known_variables
from tests.extension.signing_keys import HMAC_SECRET


def app_with(**options: Any) -> Flask:
    app = Flask("configured")
    app.config.update(JWT_SECRET_KEY=HMAC_SECRET, **options)
    return app


def warned_at(set_up: Callable[[Flask], object], app: Flask) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        set_up(app)
    return caught


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("JWT_TOKEN_LOCATIONS", "JWT_TOKEN_LOCATION"),
        ("JWT_ACCESS_TOKEN_EXPIRE", "JWT_ACCESS_TOKEN_EXPIRES"),
        ("JWT_COOKIE_CSRF_PROTECTION", "JWT_COOKIE_CSRF_PROTECT"),
        ("JWT_COOKIES_SECURE", "JWT_COOKIE_SECURE"),
        ("JWT_ALGORITM", "JWT_ALGORITHM"),
        ("JWT_SECRETKEY_FALLBACKS", "JWT_SECRET_KEY_FALLBACKS"),
    ],
)
def test_misspelled_option_is_one_warning_at_the_line_of_the_caller(name: str, near: str) -> None:
    app = app_with(**{name: "x"})
    line = inspect.currentframe().f_lineno + 1  # type: ignore[union-attr]
    caught = warned_at(lambda app: JWTManager(app), app)
    assert [str(one.message) for one in caught] == [f"Unknown setting {name}. Did you mean {near}?"]
    assert caught[0].category is UserWarning
    assert (caught[0].filename, caught[0].lineno) == (__file__, line)


def test_several_misspelled_options_are_one_warning() -> None:
    app = app_with(JWT_TOKEN_LOCATIONS="x", JWT_COOKIES_SECURE=True)
    (caught,) = warned_at(JWTManager, app)
    assert str(caught.message).count("Did you mean") == 2


def test_misspelled_session_option_is_a_warning() -> None:
    app = app_with(WATCHWORD_SESSIONS_STORE="sqlite:///x.db")
    JWTManager(app)
    (caught,) = warned_at(Sessions, app)
    near = "WATCHWORD_SESSION_STORE"
    assert str(caught.message) == f"Unknown setting WATCHWORD_SESSIONS_STORE. Did you mean {near}?"
    assert caught.filename.endswith("test_unknown_names.py")


#: Names that applications and other extensions have in `app.config`: release 3 of
#: Flask-JWT-Extended, Flask-JWT, flask-praetorian, and applications that call PyJWT themselves.
OTHERS = (
    "JWT_BLACKLIST_ENABLED", "JWT_BLACKLIST_TOKEN_CHECKS", "JWT_USER_CLAIMS",
    "JWT_CLAIMS_IN_REFRESH_TOKEN", "JWT_BLOCKLIST_ENABLED", "JWT_BLOCKLIST_TOKEN_CHECKS",
    "JWT_DEFAULT_REALM", "JWT_AUTH_URL_RULE", "JWT_AUTH_ENDPOINT", "JWT_AUTH_USERNAME_KEY",
    "JWT_AUTH_PASSWORD_KEY", "JWT_LEEWAY", "JWT_AUTH_HEADER_PREFIX", "JWT_EXPIRATION_DELTA",
    "JWT_NOT_BEFORE_DELTA", "JWT_VERIFY_CLAIMS", "JWT_REQUIRED_CLAIMS", "JWT_VERIFY",
    "JWT_VERIFY_EXPIRATION", "JWT_ALLOWED_ALGORITHMS", "JWT_ACCESS_LIFESPAN",
    "JWT_REFRESH_LIFESPAN", "JWT_PLACES", "JWT_COOKIE_NAME", "JWT_RESERVED_CLAIMS",
    "JWT_ALGORITHMS", "JWT_SECRET", "JWT_KEY", "JWT_EXPIRES", "JWT_ISSUER", "JWT_AUDIENCE",
    "JWT_SECRET_KEY_FILE", "JWT_PUBLIC_KEY_PATH", "JWT_PRIVATE_KEY_FILE",
    "JWT_PUBLIC_KEY_URL", "JWT_ACCESS_EXPIRES", "JWT_ACCESS_TOKEN_EXPIRES_MINUTES",
    "JWT_REFRESH_EXPIRATION", "JWT_ACCESS_TOKEN_EXPIRE_MINUTES", "JWT_HEADER_PREFIX",
    "JWT_COOKIE_MAX_AGE",
)  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_name_of_other_software_is_not_reported(name: str) -> None:
    assert warned_at(JWTManager, app_with(**{name: "x"})) == []


def test_every_option_of_flask_jwt_extended_is_known() -> None:
    app = Flask("theirs")
    flask_jwt_extended.JWTManager(app)
    theirs = {name: value for name, value in app.config.items() if name.startswith("JWT_")}
    assert misspelled_options(theirs, "JWT_") == []


def test_similar_name_beside_the_correct_option_is_the_applications_own() -> None:
    app = app_with(JWT_SECRETS_KEY="what JWT_SECRET_KEY is made of")
    assert warned_at(JWTManager, app) == []


@pytest.mark.parametrize("name", known_variables())
def test_setting_of_the_service_beside_sessions_is_not_reported(name: str) -> None:
    assert misspelled_options({name: "x"}, "WATCHWORD_") == []


def test_keys_that_are_not_text_are_ignored() -> None:
    app = app_with()
    app.config[1] = "x"
    assert warned_at(JWTManager, app) == []
