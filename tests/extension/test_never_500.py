"""No client request causes a 500; each of these did, or worse, in Flask-JWT-Extended."""

import contextlib
import json
import re
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from flask import Flask, Response, request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import flask_watchword
from flask_watchword.errors import TokenRejected
from flask_watchword.exceptions import CSRFError, JWTDecodeError, JWTExtendedException
from tests.extension.minted_tokens import (
    ABSENT,
    CSRF,
    HOUR,
    MINTED_AT,
    STATES,
    b64url,
    mint,
    token_in_state,
)
from tests.extension.odd_requests import BODIES
from tests.extension.scenario import ALL_LOCATIONS, FORM, JSON, MODES, Request, send
from tests.extension.signing_keys import HMAC_SECRET
from tests.extension.variants import twins
from tests.releases import before

TOKEN = mint("HS256")
MISSING_KEY = 'Missing "access_token" key in json data.'


def ours(**options: Any) -> Flask:
    app = Flask("never")
    app.logger.disabled = True
    app.config.update(PROPAGATE_EXCEPTIONS=False, JWT_SECRET_KEY=HMAC_SECRET)
    app.config.update({f"JWT_{name}": value for name, value in options.items()})
    flask_watchword.JWTManager(app)
    for mode, demands in MODES.items():
        view = flask_watchword.jwt_required(**demands)(lambda: "seen")
        app.add_url_rule(f"/{mode}", mode, view, methods=["GET", "POST"])
    return app


def message(app: Flask, request: Request) -> tuple[int, str | None]:
    answer = send(app, request)
    return answer.status, json.loads(answer.body).get("msg") if answer.status != 200 else None


@pytest.mark.parametrize("value", [", ,x", ",\t,x", "a, ,b", ",\x0b,x", "\xa0,\xa0,x", ",  , ,x"])
def test_header_of_commas_and_blanks_counts_as_a_missing_token(value: str) -> None:
    text = "Missing 'Bearer' type in 'Authorization' header. Expected 'Authorization: Bearer <JWT>'"
    request = Request(headers=[("Authorization", value)])
    assert message(ours(), request) == (401, text)


@pytest.mark.parametrize("value", ["ünïcode", "\xff", "café " * 10])
def test_csrf_header_that_is_not_ascii_does_not_match(value: str) -> None:
    cookie = ("Cookie", f"access_token_cookie={TOKEN}")
    request = Request(method="POST", headers=[cookie, ("X-CSRF-TOKEN", value)])
    app = ours(TOKEN_LOCATION=["cookies"])
    assert message(app, request) == (401, "CSRF double submit tokens do not match")


@pytest.mark.parametrize("value", ["csrf=%ff", "csrf_token=%ff", "csrf_token=%ed%a0%80"])
def test_csrf_field_that_is_not_text_does_not_match(value: str) -> None:
    cookie = ("Cookie", f"access_token_cookie={TOKEN}")
    request = Request("/plain", "POST", [cookie], body=value.encode(), content_type=FORM)
    app = ours(TOKEN_LOCATION=["cookies"], CSRF_CHECK_FORM=True)
    assert message(app, request)[0] == 401


@pytest.mark.parametrize("value", [None, 7, True, ["a"], {"a": 1}])
def test_csrf_claim_that_is_not_a_string_does_not_match(value: Any) -> None:
    cookie = ("Cookie", f"access_token_cookie={mint('HS256', csrf=value)}")
    request = Request(method="POST", headers=[cookie, ("X-CSRF-TOKEN", CSRF)])
    app = ours(TOKEN_LOCATION=["cookies"])
    assert message(app, request) == (401, "CSRF double submit tokens do not match")


NO_OBJECTS = ("list", "list-with-token", "string", "string-empty", "number", "zero", "true", "nan")


@pytest.mark.parametrize("name", [*NO_OBJECTS, "null", "false", "deep", "not-json", "not-utf8"])
def test_json_body_that_is_not_an_object_has_no_token(name: str) -> None:
    body, content_type = BODIES[name]
    request = Request(method="POST", body=body, content_type=content_type)
    assert message(ours(TOKEN_LOCATION="json"), request) == (401, MISSING_KEY)


@pytest.mark.parametrize("value", ['"\\ud800"', "7", "1.5", "true", '["a"]', '{"a": 1}'])
def test_json_member_that_is_not_a_token_is_rejected(value: str) -> None:
    body = f'{{"access_token": {value}}}'.encode()
    request = Request(method="POST", body=body, content_type=JSON)
    assert message(ours(TOKEN_LOCATION="json"), request)[0] == 422


@pytest.mark.parametrize("value", [None, [], ["x"], {}, {"a": 1}, "", "yes", "true", "9999999999"])
def test_fresh_claim_that_is_neither_bool_nor_date_is_not_fresh(value: Any) -> None:
    request = Request("/fresh", headers=[("Authorization", f"Bearer {mint('HS256', fresh=value)}")])
    assert message(ours(), request) == (401, "Fresh token required")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_fresh_claim_that_is_not_a_number_is_rejected(value: float) -> None:
    for path in ("/fresh", "/plain"):
        token = mint("HS256", fresh=value)
        request = Request(path, headers=[("Authorization", f"Bearer {token}")])
        assert message(ours(), request)[0] == 422


def test_fresh_date_beyond_every_number_is_rejected() -> None:
    payload = json.dumps({"sub": "alice", "fresh": 0}).replace("0", "1e999")
    token = jwt.api_jws.PyJWS().encode(payload.encode(), HMAC_SECRET, "HS256")
    request = Request("/fresh", headers=[("Authorization", f"Bearer {token}")])
    assert message(ours(), request)[0] in (401, 422)


def test_locations_as_a_set_report_a_missing_token() -> None:
    app = ours(TOKEN_LOCATION={"headers", "json"})
    assert message(app, Request()) == (
        401,
        "Missing JWT in headers or json (Missing Authorization Header; "
        "Invalid content-type. Must be application/json.)",
    )


def test_locations_argument_as_a_set_works_too() -> None:
    app = ours()
    locations: Any = {"headers", "json"}
    view = flask_watchword.jwt_required(locations=locations)(lambda: "seen")
    app.add_url_rule("/set", "set", view)
    assert send(app, Request("/set")).status == 401
    assert send(app, Request("/set", headers=[("Authorization", f"Bearer {TOKEN}")])).status == 200


def test_dictionaries_of_the_loaders_are_not_changed() -> None:
    app = ours()
    claims: dict[str, Any] = {"role": "reader"}
    headers: dict[str, Any] = {"kid": "one"}
    manager = app.extensions["flask-jwt-extended"]
    manager.additional_claims_loader(lambda _identity: claims)
    manager.additional_headers_loader(lambda _identity: headers)
    with app.app_context():
        token = flask_watchword.create_access_token(
            "alice", additional_claims={"role": "admin"}, additional_headers={"kid": "two"}
        )
        assert flask_watchword.decode_token(token)["role"] == "admin"
        assert flask_watchword.get_unverified_jwt_headers(token)["kid"] == "two"
    assert (claims, headers) == ({"role": "reader"}, {"kid": "one"})


def test_dictionaries_given_to_a_creation_are_not_changed() -> None:
    claims = {"exp": MINTED_AT + HOUR}
    headers = {"kid": "one"}
    with ours().app_context():
        flask_watchword.create_access_token(
            "a", additional_claims=claims, additional_headers=headers
        )
    assert (claims, headers) == ({"exp": MINTED_AT + HOUR}, {"kid": "one"})


@pytest.mark.parametrize(
    "value",
    ["", f"Bearer {mint('HS256', exp=MINTED_AT - HOUR)}"],
    ids=["no token", "an expired token"],
)
def test_every_401_has_a_challenge(value: str) -> None:
    answer = send(ours(), Request(headers=[("Authorization", value)]))
    assert answer.status == 401
    assert answer.challenge is not None
    assert answer.challenge.startswith("Bearer")
    assert ("invalid_token" in answer.challenge) == bool(value)


@pytest.mark.parametrize("kind", ["JWT", "Token"])
def test_challenge_has_the_configured_scheme(kind: str) -> None:
    assert send(ours(HEADER_TYPE=kind), Request()).challenge == kind


def test_challenge_of_a_loader_is_kept() -> None:
    app = ours()
    app.extensions["flask-jwt-extended"].unauthorized_loader(
        lambda _reason: ({"mine": True}, 401, {"WWW-Authenticate": "Mine"})
    )
    assert send(app, Request()).challenge == "Mine"


def test_key_loader_error_caused_by_the_header_is_a_rejection() -> None:
    app = ours()
    manager = app.extensions["flask-jwt-extended"]
    manager.decode_key_loader(
        lambda header, _claims: "-----BEGIN PUBLIC KEY-----" if header["alg"] == "RS256" else "x"
    )
    token = f"{b64url(b'{}')}.{b64url(b'{}')}.AAAA".replace(
        b64url(b"{}"), b64url(b'{"alg":"RS256"}'), 1
    )
    request = Request(headers=[("Authorization", f"Bearer {token}")])
    assert message(app, request) == (422, "The specified alg value is not allowed")


def test_key_id_unknown_to_the_key_loader_is_a_rejection() -> None:
    app = ours()
    known = {"current": HMAC_SECRET}
    manager = app.extensions["flask-jwt-extended"]
    manager.decode_key_loader(lambda header, _claims: known.get(header.get("kid")))
    for headers in (None, {"kid": "another"}):
        token = jwt.encode({"sub": "mallory"}, "k" * 32, "HS256", headers=headers)
        request = Request(headers=[("Authorization", f"Bearer {token}")])
        assert message(app, request) == (422, "No key is known for this token")


@pytest.mark.skipif(before("Werkzeug", 3), reason="it replaces such bytes")
def test_query_string_that_is_not_utf8_is_a_request_without_a_token() -> None:
    app = ours(TOKEN_LOCATION="query_string")
    environ = {"QUERY_STRING": "jwt=\xff"}  # as passed on by a server that does not validate it
    answer = app.test_client().get("/plain", environ_overrides=environ)
    assert answer.status_code == 401
    assert answer.get_json() == {"msg": "Missing 'jwt' query paramater"}


# Fuzzing ------------------------------------------------------------------------------------

FUZZ = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
latin = st.text(st.characters(max_codepoint=255, blacklist_characters="\r\n\0"), max_size=40)
fragments = st.sampled_from(
    [
        TOKEN,
        TOKEN[:-1],
        "Bearer",
        "bearer",
        " ",
        ",",
        ", ",
        "\t",
        ".",
        "..",
        "=",
        "\xa0",
        "ü",
        '"',
        ";",
    ]
)
header_values = st.one_of(latin, st.lists(st.one_of(fragments, latin), max_size=6).map("".join))
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
claim_values = st.one_of(json_values, st.just(ABSENT), st.just("alice"), st.just("refresh"))
modes = st.sampled_from(sorted(MODES))
EVERYWHERE = ours(TOKEN_LOCATION=list(ALL_LOCATIONS), CSRF_CHECK_FORM=True)


@FUZZ
@given(header_values, modes)
def test_no_header_causes_a_500(value: str, mode: str) -> None:
    request = Request(f"/{mode}", headers=[("Authorization", value)])
    assert send(EVERYWHERE, request).status in (200, 401, 422)


@FUZZ
@given(header_values, header_values, modes)
def test_no_cookie_or_csrf_value_causes_a_500(cookie: str, csrf: str, mode: str) -> None:
    headers = [("Cookie", f"access_token_cookie={cookie}"), ("X-CSRF-TOKEN", csrf)]
    request = Request(f"/{mode}", "POST", headers)
    assert send(EVERYWHERE, request).status in (200, 401, 422)


@FUZZ
@given(st.binary(max_size=40), modes)
def test_no_query_causes_a_500(value: bytes, mode: str) -> None:
    quoted = "".join(f"%{byte:02x}" for byte in value)
    assert send(EVERYWHERE, Request(f"/{mode}", query=f"jwt={quoted}")).status in (200, 401, 422)


@FUZZ
@given(
    st.one_of(
        st.binary(max_size=40),
        json_values.map(lambda value: json.dumps(value).encode()),
        json_values.map(lambda value: json.dumps({"access_token": value}).encode()),
    ),
    modes,
)
def test_no_body_causes_a_500(body: bytes, mode: str) -> None:
    request = Request(f"/{mode}", "POST", body=body, content_type=JSON)
    assert send(EVERYWHERE, request).status in (200, 401, 422)


@FUZZ
@given(
    st.sampled_from(["sub", "jti", "type", "fresh", "exp", "nbf", "iat", "csrf"]),
    claim_values,
    modes,
)
def test_no_claim_causes_a_500(name: str, value: Any, mode: str) -> None:
    token = mint("HS256", **{name: value})
    headers = [("Authorization", f"Bearer {token}")]
    assert send(EVERYWHERE, Request(f"/{mode}", headers=headers)).status in (200, 401, 422)
    cookies = [("Cookie", f"access_token_cookie={token}"), ("X-CSRF-TOKEN", CSRF)]
    assert send(EVERYWHERE, Request(f"/{mode}", "POST", cookies)).status in (200, 401, 422)


@FUZZ
@given(st.one_of(header_values, header_values.map(lambda value: f"Bearer {value}")))
def test_any_header_gets_the_response_of_flask_jwt_extended_unless_it_crashes(value: str) -> None:
    # Flask-JWT-Extended knows the scheme in one spelling only.
    spelled = re.sub("bearer", "Bearer", value, flags=re.IGNORECASE)
    theirs, mine = (
        send(app, Request(headers=[("Authorization", header)]))
        for app, header in zip(twins("located-headers"), (spelled, value), strict=True)
    )
    assert mine.status == theirs.status or theirs.crashed
    assert mine.status != 200 or theirs.body == mine.body or theirs.crashed


# Functions that a view calls with client data -----------------------------------------------


class Unprintable:
    """An object that is neither text nor bytes."""


ODD_TOKENS: tuple[Any, ...] = (
    *(None, True, 0, 1.5, [], {}, ["a.b.c"], {"a": 1}, Unprintable()),
    *(b"", b"\xff\xfe", b"a.b.c", bytearray(b"a.b.c"), memoryview(b"a.b.c")),
    *("", "a", "a.b", "a.b.c", "....", "\ud800", "ü.ü.ü", "\x00", "a" * 100_000),
    *(token_in_state(state, "HS256") for state in STATES),
)
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "decode_token": flask_watchword.decode_token,
    "decode_token, expired": lambda token: flask_watchword.decode_token(token, allow_expired=True),
    "get_jti": flask_watchword.get_jti,
    "get_csrf_token": flask_watchword.get_csrf_token,
    "get_unverified_jwt_headers": flask_watchword.get_unverified_jwt_headers,
    "set_access_cookies": lambda token: flask_watchword.set_access_cookies(Response(), token),
    **{
        f"decode_token, {value!r}": lambda token, value=value: flask_watchword.decode_token(  # type: ignore[misc]
            token, value
        )
        for value in (7, True, ["x"], {"x": 1}, b"x", "\ud800", "ünïcode")
    },
}
ANSWERED = (TokenRejected, JWTExtendedException)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("by_loader", [False, True])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_called_with_client_data_raise_only_handled_errors(
    name: str, by_loader: bool
) -> None:
    app = Flask("functions")
    app.config["JWT_SECRET_KEY"] = HMAC_SECRET
    manager = flask_watchword.JWTManager(app)
    if by_loader:
        manager.decode_key_loader(lambda header, claims: HMAC_SECRET)
    with app.test_request_context():
        for token in ODD_TOKENS:
            # The manager has a handler for each raised error.
            with contextlib.suppress(*ANSWERED):
                FUNCTIONS[name](token)


def test_csrf_value_that_is_not_text_does_not_match() -> None:
    app = Flask("functions")
    app.config["JWT_SECRET_KEY"] = HMAC_SECRET
    flask_watchword.JWTManager(app)
    with app.app_context():
        with pytest.raises(CSRFError, match="do not match"):
            flask_watchword.decode_token(mint("HS256", csrf=CSRF), 7)  # type: ignore[arg-type]
        for claims in ({"csrf": 7}, {"csrf": None}):
            with pytest.raises(JWTDecodeError, match="csrf"):
                flask_watchword.get_csrf_token(mint("HS256", **claims))


def test_token_without_a_csrf_value_gets_the_response_for_a_missing_claim() -> None:
    app = ours()
    app.add_url_rule("/csrf", "csrf", lambda: flask_watchword.get_csrf_token(request.data.decode()))
    sent = Request("/csrf", "GET", body=mint("HS256", csrf=ABSENT).encode())
    assert message(app, sent) == (422, "Missing claim: csrf")
