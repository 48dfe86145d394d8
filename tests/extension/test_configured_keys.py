"""Keys in the options: earlier secrets and additional public keys verify, one key signs."""
# jwt_required() is typed Any, as Flask-JWT-Extended's is.
# mypy: disable-error-code=untyped-decorator

import json
from itertools import pairwise
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from flask import Flask

import flask_watchword
from flask_watchword.errors import InvalidKeyError, InvalidSignatureError, UnknownKeyError
from flask_watchword.jose import Key, encode
from flask_watchword.jose.encoding import b64url_encode
from flask_watchword.jose.jwk import public_jwk, thumbprint
from flask_watchword.jose.jws import MAX_CANDIDATES

SECRETS = [letter * 32 for letter in "abcd"]
OLD, NEW = (ed25519.Ed25519PrivateKey.generate() for _ in range(2))
RSA = rsa.generate_private_key(65537, 2048)
CURVE = ec.generate_private_key(ec.SECP256R1())


def jwk_of(private: Any, algorithm: str, kid: str) -> dict[str, Any]:
    members = Key.load(private, algorithm).jwk
    assert members is not None
    return public_jwk(members, algorithm, kid)


def kid_of(private: Any, algorithm: str = "EdDSA") -> str:
    members = Key.load(private, algorithm).jwk
    assert members is not None
    return thumbprint(members)


def app_with(**options: Any) -> Flask:
    app = Flask("keys")
    app.config |= {f"JWT_{name}": value for name, value in options.items()}
    flask_watchword.JWTManager(app)

    @app.get("/")
    @flask_watchword.jwt_required()
    def view() -> dict[str, Any]:
        return {"sub": flask_watchword.get_jwt_identity()}

    return app


def app_with_pair(private: Any = NEW, **options: Any) -> Flask:
    pair = {"ALGORITHM": "EdDSA", "PRIVATE_KEY": private, "PUBLIC_KEY": NEW.public_key()}
    return app_with(**pair | options)


def token_of(app: Flask, **headers: Any) -> str:
    with app.app_context():
        return flask_watchword.create_access_token("alice", additional_headers=headers)


def header_of(token: str) -> dict[str, Any]:
    return flask_watchword.get_unverified_jwt_headers(token)


def status(app: Flask, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return app.test_client().get("/", headers=headers).status_code


def claims_of(app: Flask, token: str) -> dict[str, Any]:
    with app.app_context():
        return flask_watchword.decode_token(token)


def test_tokens_of_each_fallback_are_accepted_and_the_first_secret_signs() -> None:
    tokens = [token_of(app_with(SECRET_KEY=secret)) for secret in SECRETS]
    app = app_with(SECRET_KEY=SECRETS[0], SECRET_KEY_FALLBACKS=SECRETS[1:3])
    assert [status(app, token) for token in tokens] == [200, 200, 200, 422]
    alone = app_with(SECRET_KEY=SECRETS[0])
    assert status(alone, token_of(app)) == 200
    assert "kid" not in header_of(token_of(app))


def test_secret_is_rotated_without_a_rejected_request() -> None:
    app = app_with(SECRET_KEY=SECRETS[0])
    tokens = [token_of(app)]
    for old, new in pairwise(SECRETS):
        fallbacks = [old, *(app.config["JWT_SECRET_KEY_FALLBACKS"] or ())]
        app.config |= {"JWT_SECRET_KEY": new, "JWT_SECRET_KEY_FALLBACKS": fallbacks}
        tokens.append(token_of(app))
        assert [status(app, token) for token in tokens] == [200] * len(tokens)
    app.config["JWT_SECRET_KEY_FALLBACKS"] = []
    assert [status(app, token) for token in tokens] == [422, 422, 422, 200]


def test_fallbacks_changed_in_place_take_effect() -> None:
    fallbacks: list[str] = []
    app = app_with(SECRET_KEY=SECRETS[0], SECRET_KEY_FALLBACKS=fallbacks)
    token = token_of(app_with(SECRET_KEY=SECRETS[1]))
    assert status(app, token) == 422
    fallbacks.append(SECRETS[1])
    assert status(app, token) == 200
    fallbacks.clear()
    assert status(app, token) == 422, "although it was verified and remembered"


def test_fallback_verifies_tokens_with_any_kid() -> None:
    token = token_of(app_with(SECRET_KEY=SECRETS[1]), kid="of-an-application")
    app = app_with(SECRET_KEY=SECRETS[0], SECRET_KEY_FALLBACKS=[SECRETS[1]])
    assert status(app, token) == 200


def test_application_that_switches_to_a_key_pair_accepts_its_earlier_tokens() -> None:
    token = token_of(app_with(SECRET_KEY=SECRETS[0]))
    app = app_with_pair(SECRET_KEY_FALLBACKS=[SECRETS[0]], DECODE_ALGORITHMS=["HS256"])
    assert status(app, token) == 200
    assert status(app, token_of(app)) == 200


def test_fallback_that_fits_no_algorithm_is_an_error_with_a_remedy() -> None:
    with pytest.raises(InvalidKeyError, match=r"FALLBACKS\[0\] .* add its own to JWT_DECODE_ALG"):
        app_with_pair(SECRET_KEY_FALLBACKS=[SECRETS[0]])
    with pytest.raises(InvalidKeyError, match=r"JWT_PUBLIC_KEYS\[0\] .* JWT_DECODE_ALGORITHMS"):
        app_with(SECRET_KEY=SECRETS[0], PUBLIC_KEYS=[OLD.public_key()])


def test_number_of_fallbacks_is_the_number_of_keys_tried_per_token() -> None:
    many = [f"{number:032}" for number in range(MAX_CANDIDATES)]
    app = app_with(SECRET_KEY=SECRETS[0], SECRET_KEY_FALLBACKS=many[1:])
    assert status(app, token_of(app_with(SECRET_KEY=many[-1]))) == 200
    with pytest.raises(RuntimeError, match="may hold at most 15 secrets"):
        app_with(SECRET_KEY=SECRETS[0], SECRET_KEY_FALLBACKS=many)


@pytest.mark.parametrize("option", ["SECRET_KEY_FALLBACKS", "PUBLIC_KEYS"])
@pytest.mark.parametrize("value", ["a" * 32, b"a" * 32, {"keys": []}, 5, True])
def test_fallbacks_that_are_not_a_list_are_a_runtime_error(option: str, value: Any) -> None:
    with pytest.raises(RuntimeError, match=f"JWT_{option} must be a list of keys, or None"):
        app_with(SECRET_KEY=SECRETS[0], **{option: value})


@pytest.mark.parametrize("material", [OLD, OLD.public_key(), "", None, {"kty": "RSA"}])
def test_fallback_that_is_not_a_secret_is_rejected_with_its_position(material: Any) -> None:
    with pytest.raises(InvalidKeyError, match=r"^JWT_SECRET_KEY_FALLBACKS\[1\]: "):
        app_with(SECRET_KEY=SECRETS[0], SECRET_KEY_FALLBACKS=[SECRETS[1], material])


def test_key_pair_is_rotated_without_a_rejected_request() -> None:
    before = app_with_pair(OLD, PUBLIC_KEY=OLD.public_key(), PUBLIC_KEYS=[])
    token = token_of(before)
    assert header_of(token)["kid"] == kid_of(OLD)
    published = app_with_pair(OLD, PUBLIC_KEY=OLD.public_key(), PUBLIC_KEYS=[NEW.public_key()])
    after = app_with_pair(PUBLIC_KEYS=[OLD.public_key()])
    new_token = token_of(after)
    assert header_of(new_token)["kid"] == kid_of(NEW)
    for app in (published, after):
        assert [status(app, one) for one in (token, new_token)] == [200, 200]
    done = app_with_pair(PUBLIC_KEYS=[])
    assert [status(done, one) for one in (token, new_token)] == [422, 200]


@pytest.mark.filterwarnings("ignore::flask_watchword.exceptions.UnusableTokenWarning")
def test_tokens_without_a_kid_are_accepted_by_the_key_that_signed_them() -> None:
    token = token_of(app_with_pair(OLD))
    assert "kid" not in header_of(token)
    assert status(app_with_pair(PUBLIC_KEYS=[OLD.public_key()]), token) == 200


def test_additional_public_keys_of_every_form_verify() -> None:
    sets = {"keys": [jwk_of(RSA, "RS256", "r"), jwk_of(CURVE, "ES256", "e")]}
    for entry in (sets, json.dumps(sets), json.dumps(sets).encode()):
        app = app_with_pair(PUBLIC_KEYS=[entry], DECODE_ALGORITHMS=["RS256", "ES256"])
        for private, algorithm, kid in ((RSA, "RS256", "r"), (CURVE, "ES256", "e")):
            token = encode({"sub": "bob"}, Key.load(private, algorithm, kid=kid))
            assert claims_of(app, token)["sub"] == "bob"
    for one in (OLD.public_key(), jwk_of(OLD, "EdDSA", "o"), json.dumps(jwk_of(OLD, "EdDSA", "o"))):
        kid = kid_of(OLD) if one is not None and not isinstance(one, dict | str) else "o"
        token = encode({"sub": "bob"}, Key.load(OLD, "EdDSA", kid=kid))
        assert claims_of(app_with_pair(PUBLIC_KEYS=[one]), token)["sub"] == "bob"


def test_private_key_among_the_public_ones_is_rejected() -> None:
    private_jwk = jwk_of(OLD, "EdDSA", "o") | {"d": "A" * 43}
    verify_only = private_jwk | {"key_ops": ["verify"]}
    for material in (OLD, private_jwk, {"keys": [private_jwk]}, verify_only):
        with pytest.raises(InvalidKeyError, match=r"^JWT_PUBLIC_KEYS\[0\].* private"):
            app_with_pair(PUBLIC_KEYS=[material])


def test_secret_among_the_public_keys_is_rejected() -> None:
    with pytest.raises(InvalidKeyError, match=r"^JWT_PUBLIC_KEYS\[0\]: "):
        app_with_pair(PUBLIC_KEYS=[SECRETS[0]], DECODE_ALGORITHMS=["HS256"])


def test_two_keys_of_one_kid_are_rejected() -> None:
    twice = [jwk_of(OLD, "EdDSA", "k"), jwk_of(NEW, "EdDSA", "k")]
    with pytest.raises(InvalidKeyError, match=r"JWT_PUBLIC_KEYS\[1\]: another key already has"):
        app_with_pair(PUBLIC_KEYS=twice)


def test_own_key_may_be_listed_again() -> None:
    app = app_with_pair(PUBLIC_KEYS=[NEW.public_key(), OLD.public_key(), OLD.public_key()])
    assert status(app, token_of(app)) == 200


def test_kid_of_a_jwk_applies_to_the_pair_whichever_half_has_it() -> None:
    private = {**jwk_of(NEW, "EdDSA", "mine"), "d": "?"}
    raw = NEW.private_bytes_raw()
    private["d"] = b64url_encode(raw).decode()
    public = jwk_of(NEW, "EdDSA", "mine")
    for pair in (
        {"PRIVATE_KEY": private},
        {"PUBLIC_KEY": public},
        {"PRIVATE_KEY": private | {"kid": "other"}, "PUBLIC_KEY": public},
    ):
        app = app_with_pair(**{"PUBLIC_KEYS": []} | pair)
        token = token_of(app)
        assert header_of(token)["kid"] == "mine"
        assert status(app, token) == 200


def test_kid_of_the_key_overrides_a_given_header() -> None:
    app = app_with_pair(PUBLIC_KEYS=[])
    token = token_of(app, kid="made-up")
    assert header_of(token)["kid"] == kid_of(NEW)
    assert status(app, token) == 200
    assert header_of(token_of(app_with_pair(), kid="made-up"))["kid"] == "made-up"


def test_unknown_kid_is_rejected_with_its_own_exception() -> None:
    app = app_with_pair(PUBLIC_KEYS=[OLD.public_key()])
    token = encode({"sub": "a"}, Key.load(NEW, "EdDSA", kid="nobody"))
    with pytest.raises(UnknownKeyError, match="No key is known for this token") as refusal:
        claims_of(app, token)
    assert (refusal.value.kid, refusal.value.code) == ("nobody", "unknown_key")
    assert status(app, token) == 422


def test_token_of_one_key_under_the_kid_of_another_is_rejected() -> None:
    app = app_with_pair(PUBLIC_KEYS=[OLD.public_key()])
    token = encode({"sub": "a"}, Key.load(OLD, "EdDSA", kid=kid_of(NEW)))
    with pytest.raises(InvalidSignatureError):
        claims_of(app, token)


@pytest.mark.filterwarnings("ignore::flask_watchword.exceptions.UnusableTokenWarning")
def test_key_loaders_override_the_options() -> None:
    app = app_with_pair(PUBLIC_KEYS=[OLD.public_key()], SECRET_KEY_FALLBACKS=[])
    manager = app.extensions["flask-jwt-extended"]
    stranger = ed25519.Ed25519PrivateKey.generate()
    manager.encode_key_loader(lambda identity: stranger)
    manager.decode_key_loader(lambda header, claims: stranger.public_key())
    token = token_of(app, kid="as the application likes")
    assert header_of(token)["kid"] == "as the application likes"
    assert status(app, token) == 200
    assert status(app, token_of(app_with_pair(OLD))) == 422
