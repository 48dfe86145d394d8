"""Valid values of JWT_ISSUERS, and the startup errors for invalid ones."""

from typing import Any

import pytest
from flask import Flask

from flask_watchword import JWTManager, jwt_required
from tests.extension.signing_keys import HMAC_SECRET

NAME = "https://issuer.example"
RIGHT = {"audience": "our-api"}


def start(issuers: Any, **options: Any) -> None:
    app = Flask("starting")
    app.config.update(JWT_SECRET_KEY=HMAC_SECRET, JWT_ISSUERS=issuers, **options)
    JWTManager(app)


@pytest.mark.parametrize(
    "issuers",
    [
        None,
        {},
        {NAME: RIGHT},
        {NAME + "/": RIGHT},
        {NAME + "/realms/one": RIGHT, NAME + "/realms/two": RIGHT},
        {NAME: {"audience": None}},
        {NAME: {"audience": ["one", "two"]}},
        {NAME: {"audience": {"one"}}},
        {NAME: {"jwks_url": "https://keys.example/jwks?x=y", **RIGHT}},
        {NAME: {"jwks_url": "http://localhost:5000/jwks", **RIGHT}},
        {NAME: {"jwks_url": None, **RIGHT}},
        {"http://127.0.0.1:5000": RIGHT},
        {"any name": {"jwks_url": "https://keys.example/jwks", **RIGHT}},
        {NAME: {"algorithms": ["RS256", "EdDSA"], **RIGHT}},
        {NAME: {"algorithms": "RS256", **RIGHT}},
        {NAME: {"subject_required": False, "environment_proxy": True, **RIGHT}},
        {"http://keycloak:8080/realms/shop": {"allow_http": True, **RIGHT}},
        {NAME: {"jwks_url": "http://10.0.0.7/jwks", "allow_http": True, **RIGHT}},
    ],
)
def test_valid_option_is_accepted(issuers: Any) -> None:
    start(issuers)


@pytest.mark.parametrize(
    ("issuers", "expected"),
    [
        ([NAME], "JWT_ISSUERS must be a dictionary"),
        (NAME, "JWT_ISSUERS must be a dictionary"),
        ({7: RIGHT}, "JWT_ISSUERS[7] must be a string"),
        ({"": RIGHT}, "JWT_ISSUERS[''] must be a string"),
        ({NAME: None}, f"JWT_ISSUERS['{NAME}'] must be a dictionary"),
        ({NAME: "our-api"}, f"JWT_ISSUERS['{NAME}'] must be a dictionary"),
        (
            {NAME: {"jwks_uri": NAME, **RIGHT}},
            f"JWT_ISSUERS['{NAME}'] has an unknown member 'jwks_uri'; known are jwks_url, audience",
        ),
        *(
            ({NAME: {flag: 1, **RIGHT}}, f"JWT_ISSUERS['{NAME}']['{flag}'] must be True or False")
            for flag in ("subject_required", "allow_http", "environment_proxy")
        ),
        (
            {"http://keycloak:8080": RIGHT},
            'is http, which is for localhost, 127.0.0.0/8 and ::1 alone; use https, or set "allow',
        ),
        ({NAME: {}}, f"JWT_ISSUERS['{NAME}'] needs an \"audience\""),
        ({NAME: {"audience": ""}}, f"JWT_ISSUERS['{NAME}']['audience'] must be a string or a li"),
        ({NAME: {"audience": []}}, f"JWT_ISSUERS['{NAME}']['audience'] must be a string or a li"),
        ({NAME: {"audience": [7]}}, f"JWT_ISSUERS['{NAME}']['audience'] must be a string or a li"),
        ({NAME: {"audience": True}}, f"JWT_ISSUERS['{NAME}']['audience'] must be a string or a li"),
        (
            {NAME: {"algorithms": [], **RIGHT}},
            f"JWT_ISSUERS['{NAME}']['algorithms'] must be a string",
        ),
        ({NAME: {"algorithms": None, **RIGHT}}, "['algorithms'] must be a string"),
        (
            {NAME: {"algorithms": ["HS256"], **RIGHT}},
            "['algorithms'] has 'HS256'; use one of RS",
        ),
        ({NAME: {"algorithms": ["RS256", "HS512"], **RIGHT}}, "['algorithms'] has 'HS512'"),
        ({NAME: {"algorithms": ["none"], **RIGHT}}, "['algorithms'] has 'none'"),
        ({NAME: {"algorithms": ["rs256"], **RIGHT}}, "['algorithms'] has 'rs256'"),
        (
            {NAME: {"jwks_url": "http://keys.example/jwks", **RIGHT}},
            f"JWT_ISSUERS['{NAME}']['jwks_url'] is http, which is for localhost",
        ),
        ({NAME: {"jwks_url": 7, **RIGHT}}, f"JWT_ISSUERS['{NAME}']['jwks_url'] must be a string, "),
        ({NAME: {"jwks_url": [NAME], **RIGHT}}, f"['jwks_url'] must be a string, not ['{NAME}']"),
        ({NAME: {"jwks_url": "", **RIGHT}}, f"JWT_ISSUERS['{NAME}']['jwks_url'] is not a URL"),
        ({NAME: {"jwks_url": "https://u:p@keys.example", **RIGHT}}, "must not hold a user name"),
        (
            {"accounts.example": RIGHT},
            "JWT_ISSUERS['accounts.example'] has no jwks_url, and 'accounts.example' is not",
        ),
        ({"http://issuer.example": RIGHT}, "is http, which is for localhost"),
        ({NAME + "?x=1": RIGHT}, "has a query or a fragment"),
    ],
)
def test_invalid_option_is_rejected_in_one_line(issuers: Any, expected: str) -> None:
    with pytest.raises(RuntimeError) as raised:
        start(issuers)
    assert expected in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "options",
    [
        {"JWT_ENCODE_ISSUER": NAME},
        {"JWT_DECODE_ISSUER": NAME},
        {"JWT_DECODE_ISSUER": ["us", NAME]},
        {"JWT_DECODE_ISSUER": {NAME}},
    ],
)
def test_issuer_cannot_have_the_name_of_the_application(options: dict[str, Any]) -> None:
    with pytest.raises(RuntimeError, match="is this application's own name"):
        start({NAME: RIGHT}, **options)
    start({NAME + "/": RIGHT}, **options)


def test_option_changed_later_is_read_and_validated() -> None:
    app = Flask("changed")
    app.testing = True
    app.config["JWT_SECRET_KEY"] = HMAC_SECRET
    JWTManager(app)
    app.config["JWT_ISSUERS"] = {NAME: {}}
    app.add_url_rule("/", "view", jwt_required()(lambda: ""))
    with pytest.raises(RuntimeError, match='needs an "audience"'):
        app.test_client().get("/")
