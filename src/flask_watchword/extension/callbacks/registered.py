"""The callbacks that an application has registered, and the clock."""

from collections.abc import Callable
from typing import Any

from flask_watchword.clock import Clock, system_clock
from flask_watchword.extension.callbacks import defaults

Callback = Callable[..., Any]


class Callbacks:
    """The registered callbacks under the attribute names that Flask-JWT-Extended gives them.

    Applications read and replace these attributes, so the names are part of the contract.

    Attributes:
        clock: returns the seconds since the epoch; tests replace it.
    """

    def __init__(self) -> None:
        self.clock: Clock = system_clock
        self._decode_key_callback: Callback = defaults.default_decode_key_callback
        self._encode_key_callback: Callback = defaults.default_encode_key_callback
        self._expired_token_callback: Callback = defaults.default_expired_token_callback
        self._invalid_token_callback: Callback = defaults.default_invalid_token_callback
        self._jwt_additional_header_callback: Callback = defaults.default_jwt_headers_callback
        self._needs_fresh_token_callback: Callback = defaults.default_needs_fresh_token_callback
        self._revoked_token_callback: Callback = defaults.default_revoked_token_callback
        self._token_in_blocklist_callback: Callback = defaults.default_blocklist_callback
        self._token_verification_callback: Callback = defaults.default_token_verification_callback
        self._token_verification_failed_callback: Callback = (
            defaults.default_token_verification_failed_callback
        )
        self._unauthorized_callback: Callback = defaults.default_unauthorized_callback
        self._user_claims_callback: Callback = defaults.default_additional_claims_callback
        self._user_identity_callback: Callback = defaults.default_user_identity_callback
        self._user_lookup_callback: Callback | None = None
        self._user_lookup_error_callback: Callback = defaults.default_user_lookup_error_callback
