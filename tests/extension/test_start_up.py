"""Configuration errors at startup, before any request."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask

from flask_watchword import JWTManager
from flask_watchword.errors import InvalidKeyError

PUBLIC = generate_private_key(SECP256R1()).public_key()
PUBLIC_KEYS = {
    "PEM": PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "DER": PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "SSH": PUBLIC.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
    "JWK": b'{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}',
}


@pytest.mark.parametrize("option", ["JWT_SECRET_KEY", "SECRET_KEY"])
@pytest.mark.parametrize("form", PUBLIC_KEYS)
def test_public_key_configured_as_a_secret_stops_the_start(option: str, form: str) -> None:
    app = Flask(__name__)
    app.config[option] = PUBLIC_KEYS[form]
    with pytest.raises(InvalidKeyError, match=f"^{option}: "):
        JWTManager(app)


def test_flasks_secret_key_is_not_checked_for_asymmetric_algorithms() -> None:
    app = Flask(__name__)
    app.config.update(SECRET_KEY=PUBLIC_KEYS["PEM"], JWT_ALGORITHM="ES256")
    JWTManager(app)


@pytest.mark.parametrize("value", ["8k", "16384", None, 0, True])
def test_invalid_size_limit_stops_the_start(value: object) -> None:
    app = Flask(__name__)
    app.config["JWT_MAX_TOKEN_BYTES"] = value
    with pytest.raises(RuntimeError, match="JWT_MAX_TOKEN_BYTES"):
        JWTManager(app)


@pytest.mark.parametrize("method", ["_decode_jwt_from_config", "_encode_jwt_from_config"])
def test_overridden_method_that_is_never_called_stops_the_start(method: str) -> None:
    app = Flask(__name__)
    checking = type("Checking", (JWTManager,), {method: lambda *_arguments: {}})
    expected = (
        f"Checking.{method} would never be called: .*_loader, or run .*flask_watchword.dropin"
    )
    with pytest.raises(TypeError, match=expected):
        checking(app)
    type("Quiet", (JWTManager,), {"unauthorized_loader": lambda *_arguments: None})(app)
