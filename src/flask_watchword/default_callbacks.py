"""Flask-JWT-Extended's module of default callbacks, which applications call from their own."""

from flask_watchword.extension.callbacks.defaults import (
    default_additional_claims_callback,
    default_blocklist_callback,
    default_decode_key_callback,
    default_encode_key_callback,
    default_expired_token_callback,
    default_invalid_token_callback,
    default_jwt_headers_callback,
    default_needs_fresh_token_callback,
    default_revoked_token_callback,
    default_token_verification_callback,
    default_token_verification_failed_callback,
    default_unauthorized_callback,
    default_user_identity_callback,
    default_user_lookup_error_callback,
)

__all__ = [
    "default_additional_claims_callback",
    "default_blocklist_callback",
    "default_decode_key_callback",
    "default_encode_key_callback",
    "default_expired_token_callback",
    "default_invalid_token_callback",
    "default_jwt_headers_callback",
    "default_needs_fresh_token_callback",
    "default_revoked_token_callback",
    "default_token_verification_callback",
    "default_token_verification_failed_callback",
    "default_unauthorized_callback",
    "default_user_identity_callback",
    "default_user_lookup_error_callback",
]
