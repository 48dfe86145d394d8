"""Options: names, defaults and errors; the value set last applies."""
# jwt_required() is typed Any, as Flask-JWT-Extended's is.
# mypy: disable-error-code=untyped-decorator

from collections.abc import Callable
from copy import copy
from datetime import timedelta
from types import ModuleType
from typing import Any
from unittest import mock

import flask_jwt_extended
import jwt
import pytest
from flask import Config, Flask

import flask_watchword
from flask_watchword.errors import DecodeError
from flask_watchword.extension.options.config_version import WatchedConfig, watch
from tests.extension.minted_tokens import mint
from tests.extension.signing_keys import HMAC_SECRET, OTHER_HMAC_SECRET
from tests.releases import before

BOTH = (flask_jwt_extended, flask_watchword)
#: Watchword's additional options beside those of Flask-JWT-Extended.
OWN_OPTIONS = {
    "JWT_COOKIE_PARTITIONED",
    "JWT_ISSUERS",
    "JWT_MAX_TOKEN_BYTES",
    "JWT_PROFILE",
    "JWT_PUBLIC_KEYS",
    "JWT_SECRET_KEY_FALLBACKS",
}


def options_of(library: ModuleType) -> dict[str, Any]:
    app = Flask("bare")
    library.JWTManager(app)
    return {name: value for name, value in app.config.items() if name.startswith("JWT_")}


def app_with(library: ModuleType = flask_watchword, **options: Any) -> Flask:
    app = Flask("configured")
    app.testing = True
    app.config["JWT_SECRET_KEY"] = HMAC_SECRET
    app.config.update({f"JWT_{name}": value for name, value in options.items()})
    library.JWTManager(app)

    @library.jwt_required()
    def view() -> dict[str, Any]:
        return {"location": library.get_jwt_request_location()}

    app.add_url_rule("/", "view", view, methods=["GET", "POST"])
    app.add_url_rule("/login", "login", lambda: library.create_access_token("alice"))
    app.add_url_rule("/refresh", "refresh", lambda: library.create_refresh_token("alice"))
    return app


def status(app: Flask, header: str = "", **rest: Any) -> int:
    headers = {"Authorization": header} if header else {}
    return app.test_client().get("/", headers=headers, **rest).status_code


@pytest.mark.skipif(before("Flask-JWT-Extended", 4, 7), reason="it had 42")
def test_all_43_options_have_flask_jwt_extendeds_names_and_defaults() -> None:
    theirs, ours = map(options_of, BOTH)
    assert len(theirs) == 43
    assert {name: ours[name] for name in ours.keys() - OWN_OPTIONS} == theirs
    assert ours.keys() - theirs.keys() == OWN_OPTIONS


def test_default_list_is_not_shared_between_applications() -> None:
    options_of(flask_watchword)["JWT_CSRF_METHODS"].append("GET")
    assert options_of(flask_watchword)["JWT_CSRF_METHODS"] == ["POST", "PUT", "PATCH", "DELETE"]


def test_existing_value_of_an_option_is_kept() -> None:
    app = app_with(HEADER_NAME="X-Auth", CSRF_METHODS=["GET"])
    assert app.config["JWT_HEADER_NAME"] == "X-Auth"
    assert app.config["JWT_CSRF_METHODS"] == ["GET"]


def failure(library: ModuleType, path: str, **options: Any) -> tuple[type[Exception], str]:
    app = app_with(library, **options)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is what is compared
        app.test_client().get(path, headers={"Authorization": f"Bearer {mint('HS256')}"})
    return caught.type, str(caught.value)


BAD_OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "location-number": ("/", {"TOKEN_LOCATION": 7}),
    "location-none": ("/", {"TOKEN_LOCATION": None}),
    "location-empty-list": ("/", {"TOKEN_LOCATION": []}),
    "location-empty-set": ("/", {"TOKEN_LOCATION": set()}),
    "location-unknown": ("/", {"TOKEN_LOCATION": "body"}),
    "location-unknown-in-list": ("/", {"TOKEN_LOCATION": ["headers", "body"]}),
    "header-name-empty": ("/", {"HEADER_NAME": ""}),
    "header-name-none": ("/", {"HEADER_NAME": None}),
    "secret-missing": ("/", {"SECRET_KEY": None}),
    "secret-empty": ("/", {"SECRET_KEY": ""}),
    "secret-missing-on-encode": ("/login", {"SECRET_KEY": None}),
    "public-key-missing": ("/", {"ALGORITHM": "RS256"}),
    "private-key-missing": ("/login", {"ALGORITHM": "RS256"}),
    "private-key-missing-ES256": ("/login", {"ALGORITHM": "ES256"}),
    "access-expires-text": ("/login", {"ACCESS_TOKEN_EXPIRES": "15m"}),
    "access-expires-float": ("/login", {"ACCESS_TOKEN_EXPIRES": 1.5}),
    "access-expires-none": ("/login", {"ACCESS_TOKEN_EXPIRES": None}),
    "access-expires-true": ("/login", {"ACCESS_TOKEN_EXPIRES": True}),
    "refresh-expires-text": ("/refresh", {"REFRESH_TOKEN_EXPIRES": "30d"}),
    "refresh-expires-none": ("/refresh", {"REFRESH_TOKEN_EXPIRES": None}),
}
if not before("PyJWT", 2, 11):  # which encoded it
    BAD_OPTIONS["issuer-number-on-encode"] = ("/login", {"ENCODE_ISSUER": 7})


@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_invalid_value_raises_the_error_of_flask_jwt_extended(case: str) -> None:
    path, options = BAD_OPTIONS[case]
    assert failure(flask_watchword, path, **options) == failure(flask_jwt_extended, path, **options)


@pytest.mark.parametrize("library", BOTH, ids=lambda library: library.__name__)
def test_unknown_location_argument_is_a_runtime_error(
    library: ModuleType,
) -> None:
    app = app_with(library)
    app.add_url_rule("/odd", "odd", library.jwt_required(locations=["body"])(lambda: "seen"))
    with pytest.raises(RuntimeError, match=r"^'body' is not a valid location$"):
        app.test_client().get("/odd")


@pytest.mark.parametrize("lifetime", [False, 60, timedelta(hours=2)])
@pytest.mark.parametrize("option", ["ACCESS_TOKEN_EXPIRES", "REFRESH_TOKEN_EXPIRES"])
def test_lifetime_may_be_seconds_a_timedelta_or_false_for_unlimited(
    option: str, lifetime: Any
) -> None:
    path = "/login" if option.startswith("ACCESS") else "/refresh"
    token = app_with(**{option: lifetime}).test_client().get(path).text
    claims = jwt.decode(token, options={"verify_signature": False})
    seconds = {False: None, 60: 60, timedelta(hours=2): 7200}[lifetime]
    assert claims["exp"] - claims["iat"] == seconds if seconds else "exp" not in claims


@pytest.mark.filterwarnings("ignore::flask_watchword.exceptions.UnusableTokenWarning")
def test_lifetime_of_zero_expires_immediately_and_is_unlimited_in_flask_jwt_extended() -> None:
    claims = {
        library: jwt.decode(
            app_with(library, ACCESS_TOKEN_EXPIRES=0).test_client().get("/login").text,
            options={"verify_signature": False, "verify_exp": False},
        )
        for library in BOTH
    }
    assert "exp" not in claims[flask_jwt_extended]
    assert claims[flask_watchword]["exp"] == claims[flask_watchword]["iat"]


def test_secret_key_is_used_when_jwt_secret_key_is_unset() -> None:
    app = app_with(SECRET_KEY=None)
    app.config["SECRET_KEY"] = HMAC_SECRET
    assert status(app, f"Bearer {mint('HS256')}") == 200


TOKEN = mint("HS256")
OTHER_TOKEN = mint("HS256", "theirs")
HS512_TOKEN = mint("HS512")
SOON = mint("HS256", nbf=2**33)
ODD_SUBJECT = mint("HS256", sub=7)

#: Option, value set after the manager; a header rejected before and accepted after.
LATER: dict[str, tuple[dict[str, Any], str]] = {
    "secret": ({"SECRET_KEY": OTHER_HMAC_SECRET}, f"Bearer {OTHER_TOKEN}"),
    "header-type": ({"HEADER_TYPE": "JWT"}, f"JWT {TOKEN}"),
    "header-type-lower": ({"HEADER_TYPE": "JWT"}, f"jwt {TOKEN}"),
    "header-type-upper": ({"HEADER_TYPE": "Token"}, f"TOKEN {TOKEN}"),
    "header-type-empty": ({"HEADER_TYPE": ""}, TOKEN),
    "algorithm": ({"ALGORITHM": "HS512"}, f"Bearer {HS512_TOKEN}"),
    "decode-algorithms": ({"DECODE_ALGORITHMS": ["HS512"]}, f"Bearer {HS512_TOKEN}"),
    "leeway": ({"DECODE_LEEWAY": 2**33}, f"Bearer {SOON}"),
    "leeway-timedelta": ({"DECODE_LEEWAY": timedelta(days=2**17)}, f"Bearer {SOON}"),
    "sub": ({"VERIFY_SUB": False}, f"Bearer {ODD_SUBJECT}"),
}


@pytest.mark.parametrize("case", LATER)
def test_option_set_after_the_manager_applies_to_the_next_request(case: str) -> None:
    options, header = LATER[case]
    app = app_with()
    assert status(app, header) in (401, 422)
    app.config.update({f"JWT_{name}": value for name, value in options.items()})
    assert status(app, header) == 200


REFUSING_LATER: dict[str, tuple[dict[str, Any], int]] = {
    "secret": ({"SECRET_KEY": OTHER_HMAC_SECRET}, 422),
    "audience": ({"DECODE_AUDIENCE": "ours"}, 422),
    "issuer": ({"DECODE_ISSUER": "ours"}, 422),
    "identity-claim": ({"IDENTITY_CLAIM": "user"}, 422),
    "header-name": ({"HEADER_NAME": "X-Auth"}, 401),
    "header-type": ({"HEADER_TYPE": "JWT"}, 401),
    "location": ({"TOKEN_LOCATION": ["cookies"]}, 401),
    "size": ({"MAX_TOKEN_BYTES": 100}, 422),
    "algorithm": ({"ALGORITHM": "HS512"}, 422),
}


@pytest.mark.parametrize("case", REFUSING_LATER)
def test_option_set_after_a_token_was_accepted_rejects_that_token(case: str) -> None:
    options, refused_with = REFUSING_LATER[case]
    app = app_with()
    assert status(app, f"Bearer {TOKEN}") == 200
    app.config.update({f"JWT_{name}": value for name, value in options.items()})
    assert status(app, f"Bearer {TOKEN}") == refused_with


def write_by_key(app: Flask, name: str, value: Any) -> None:
    app.config[name] = value


def write_from_object(app: Flask, name: str, value: Any) -> None:
    app.config.from_object(type("Settings", (), {name: value}))


#: Every way in which an application writes to its configuration.
WRITERS: dict[str, Callable[[Flask, str, Any], object]] = {
    "key": write_by_key,
    "update": lambda app, name, value: app.config.update({name: value}),
    "update-keywords": lambda app, name, value: app.config.update(**{name: value}),
    "or": lambda app, name, value: app.config.__ior__({name: value}),
    "from-mapping": lambda app, name, value: app.config.from_mapping({name: value}),
    "from-object": write_from_object,
    "pop-and-setdefault": lambda app, name, value: (
        app.config.pop(name),
        app.config.setdefault(name, value),
    ),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_option_written_in_any_way_applies(writer: str) -> None:
    app = app_with()
    for _ in range(2):
        assert status(app, f"Bearer {TOKEN}") == 200
        WRITERS[writer](app, "JWT_HEADER_TYPE", "JWT")
        assert status(app, f"Bearer {TOKEN}") == 401
        WRITERS[writer](app, "JWT_HEADER_TYPE", "Bearer")


def test_temporarily_patched_option_is_restored() -> None:
    app = app_with()
    assert status(app, f"Bearer {TOKEN}") == 200
    with mock.patch.dict(app.config, {"JWT_HEADER_TYPE": "JWT"}):
        assert status(app, f"Bearer {TOKEN}") == 401
    assert status(app, f"Bearer {TOKEN}") == 200


def test_replaced_configuration_applies() -> None:
    app = app_with()
    assert status(app, f"Bearer {TOKEN}") == 200
    old, app.config = app.config, Config(app.root_path, {**app.config, "JWT_HEADER_TYPE": "JWT"})
    assert status(app, f"Bearer {TOKEN}") == 401
    app.config = old
    assert status(app, f"Bearer {TOKEN}") == 200


def test_copy_of_the_configuration_applies_when_it_is_assigned() -> None:
    app = app_with()
    original = copy(app.config)
    assert status(app, f"Bearer {TOKEN}") == 200
    later = copy(app.config)
    app.config["JWT_HEADER_TYPE"] = "JWT"
    assert status(app, f"Bearer {TOKEN}") == 401
    for configuration in (original, later):
        app.config = configuration
        assert status(app, f"Bearer {TOKEN}") == 200


def test_configuration_keeps_its_custom_class() -> None:
    class OwnConfig(Config):
        def shout(self) -> str:
            return str(self["JWT_HEADER_TYPE"]).upper()

    class OwnFlask(Flask):
        config_class = OwnConfig

    app = OwnFlask("own")
    app.config["JWT_SECRET_KEY"] = HMAC_SECRET
    flask_watchword.JWTManager(app)
    app.add_url_rule("/", "view", flask_watchword.jwt_required()(lambda: "seen"))
    assert status(app, f"Bearer {TOKEN}") == 200
    assert isinstance(app.config, OwnConfig)
    assert app.config.shout() == "BEARER"
    app.config["JWT_HEADER_TYPE"] = "JWT"
    assert status(app, f"Bearer {TOKEN}") == 401


class Unextendable(Config):
    """A configuration whose class can be extended only with a keyword that it requires."""

    def __init_subclass__(cls, *, word: str) -> None:
        """Require a keyword."""


@pytest.mark.parametrize("unwatchable", [dict, lambda items: Unextendable("", items)])
def test_option_applies_in_a_configuration_that_cannot_be_watched(
    unwatchable: Callable[[Config], Any],
) -> None:
    app = app_with()
    app.config = unwatchable(app.config)
    assert status(app, f"Bearer {TOKEN}") == 200
    app.config["JWT_HEADER_TYPE"] = "JWT"
    assert status(app, f"Bearer {TOKEN}") == 401


def test_configuration_watched_by_two_threads_is_wrapped_once() -> None:
    config = WatchedConfig("")  # the other thread has reached this point
    mark = watch(config)
    assert watch(config) is mark
    config["JWT_HEADER_TYPE"] = "JWT"
    assert watch(config) is not mark


def test_configuration_reads_and_prints_as_before() -> None:
    app = app_with()
    before = (dict(app.config), repr(app.config).partition(" ")[2], len(app.config))
    assert status(app, f"Bearer {TOKEN}") == 200
    assert (dict(app.config), repr(app.config).partition(" ")[2], len(app.config)) == before
    assert isinstance(app.config, Config)
    assert app.config == before[0]


def test_list_of_locations_changed_in_place_applies() -> None:
    locations = ["cookies"]
    app = app_with(TOKEN_LOCATION=locations)
    assert status(app, f"Bearer {TOKEN}") == 401
    locations.append("headers")
    assert status(app, f"Bearer {TOKEN}") == 200
    locations.remove("headers")
    assert status(app, f"Bearer {TOKEN}") == 401


def test_list_of_algorithms_changed_in_place_applies() -> None:
    algorithms = ["HS256"]
    app = app_with(DECODE_ALGORITHMS=algorithms)
    assert status(app, f"Bearer {HS512_TOKEN}") == 422
    algorithms.append("HS512")
    assert status(app, f"Bearer {HS512_TOKEN}") == 200
    algorithms.remove("HS512")
    assert status(app, f"Bearer {HS512_TOKEN}") == 422


def test_list_of_audiences_changed_in_place_applies() -> None:
    audiences = ["ours"]
    app = app_with(DECODE_AUDIENCE=audiences)
    token = mint("HS256", aud="theirs")
    assert status(app, f"Bearer {token}") == 422
    audiences.append("theirs")
    assert status(app, f"Bearer {token}") == 200


def test_set_of_issuers_changed_in_place_applies() -> None:
    issuers = {"ours"}
    app = app_with(DECODE_ISSUER=issuers)
    token = mint("HS256", iss="theirs")
    assert status(app, f"Bearer {token}") == 422
    issuers.add("theirs")
    assert status(app, f"Bearer {token}") == 200


def test_csrf_methods_changed_in_place_apply() -> None:
    methods = ["POST"]
    app = app_with(TOKEN_LOCATION=["cookies"], CSRF_METHODS=methods)
    client = app.test_client(use_cookies=False)
    cookie = {"Cookie": f"access_token_cookie={TOKEN}"}
    assert client.get("/", headers=cookie).status_code == 200
    methods.append("GET")
    assert client.get("/", headers=cookie).get_json() == {"msg": "Missing CSRF token"}


@pytest.mark.parametrize("kind", [set, frozenset])
def test_locations_may_be_a_set(kind: type) -> None:
    app = app_with(TOKEN_LOCATION=kind({"headers", "cookies"}))
    client = app.test_client(use_cookies=False)
    assert status(app, f"Bearer {TOKEN}") == 200
    cookie = {"Cookie": f"access_token_cookie={TOKEN}"}
    assert client.get("/", headers=cookie).get_json() == {"location": "cookies"}
    assert client.get("/").get_json() == {
        "msg": "Missing JWT in headers or cookies "
        '(Missing Authorization Header; Missing cookie "access_token_cookie")'
    }


def test_locations_may_be_a_generator_free_iterable_such_as_dict_keys() -> None:
    app = app_with(TOKEN_LOCATION={"headers": 1, "json": 2}.keys())
    assert status(app, f"Bearer {TOKEN}") == 200


def test_decode_algorithms_are_never_changed() -> None:
    algorithms = ["HS512"]
    app = app_with(DECODE_ALGORITHMS=algorithms)
    assert status(app, f"Bearer {TOKEN}") == 200
    assert algorithms == ["HS512"]


def test_decode_algorithms_may_be_a_tuple() -> None:
    app = app_with(DECODE_ALGORITHMS=("HS512",))
    assert status(app, f"Bearer {TOKEN}") == 200
    assert status(app, f"Bearer {HS512_TOKEN}") == 200


def test_decode_algorithms_may_be_one_name() -> None:
    app = app_with(SECRET_KEY=HMAC_SECRET, DECODE_ALGORITHMS="HS512")
    for algorithm, expected in (("HS256", 200), ("HS512", 200), ("HS384", 422)):
        assert status(app, f"Bearer {mint(algorithm)}") == expected


def test_unknown_algorithm_is_a_runtime_error_that_lists_the_known_ones() -> None:
    app = app_with()
    app.config["JWT_ALGORITHM"] = "hs256"
    with pytest.raises(RuntimeError, match="'hs256' must be one of HS256, "):
        status(app, f"Bearer {TOKEN}")


def test_unknown_profile_is_a_runtime_error() -> None:
    app = app_with()
    app.config["JWT_PROFILE"] = "Strict"
    with pytest.raises(RuntimeError, match='\'Strict\' must be "compatible" or "strict"'):
        status(app, f"Bearer {TOKEN}")


def test_strict_profile_writes_the_type_into_each_token() -> None:
    app = app_with(PROFILE="strict")
    for way in ("ENCODE", "DECODE"):
        app.config[f"JWT_{way}_ISSUER"] = app.config[f"JWT_{way}_AUDIENCE"] = "us"
    with app.app_context():
        access = flask_watchword.create_access_token("alice")
        refresh = flask_watchword.create_refresh_token("alice")
        own = flask_watchword.create_access_token("alice", additional_headers={"typ": "JWT"})
    tokens = (access, refresh, own)
    kinds = [flask_watchword.get_unverified_jwt_headers(token)["typ"] for token in tokens]
    assert kinds == ["at+jwt", "rt+jwt", "JWT"]


def test_token_size_limit_applies_where_only_the_header_is_read() -> None:
    app = app_with(MAX_TOKEN_BYTES=20_000)
    token = mint("HS256", filler="x" * 9000)
    with pytest.raises(DecodeError, match="larger than 8192 bytes"):
        flask_watchword.get_unverified_jwt_headers(token)
    with app.app_context():
        assert flask_watchword.get_unverified_jwt_headers(token)["alg"] == "HS256"
        assert flask_watchword.decode_token(token)["sub"] == "alice"


def test_two_applications_of_one_manager_have_separate_options() -> None:
    manager = flask_watchword.JWTManager()
    apps: list[Flask] = []
    for secret in (HMAC_SECRET, OTHER_HMAC_SECRET):
        app = Flask(f"app-{len(apps)}")
        app.config["JWT_SECRET_KEY"] = secret
        manager.init_app(app)
        app.add_url_rule("/", "view", flask_watchword.jwt_required()(lambda: "seen"))
        apps.append(app)
    statuses = [[status(app, f"Bearer {token}") for token in (TOKEN, OTHER_TOKEN)] for app in apps]
    assert statuses == [[200, 422], [422, 200]]
