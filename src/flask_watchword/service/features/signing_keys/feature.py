"""Publish, rotate, retire and revoke signing keys."""

from flask_watchword.service.feature import Feature
from flask_watchword.service.features.signing_keys.http.admin import (
    list_keys,
    retire_key,
    revoke_key,
    rotate_keys,
)
from flask_watchword.service.features.signing_keys.http.jwks import jwks

FEATURE = Feature(
    name="signing_keys",
    summary="Publish, rotate, retire and revoke signing keys.",
    endpoints=(
        jwks,
        list_keys,
        rotate_keys,
        retire_key,
        revoke_key,
    ),
    audit_events={
        "key_rotated": "a new signing key was published",
        "key_retired": "a signing key was withdrawn",
        "key_revoked": "a signing key was revoked",
        "key_imported": "a signing key was imported",
        "keys_resealed": (
            "what is encrypted under an old master key was encrypted under the new one"
        ),
    },
    commands=("flask_watchword.service.features.signing_keys.cli:keys",),
)
