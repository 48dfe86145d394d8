"""The parsed options that a protected request reads."""

from copy import deepcopy
from typing import Any

from flask_watchword.extension.decoder_config import DecoderConfig
from flask_watchword.extension.options.values import (
    Config,
    environ_key,
    header_name,
    token_locations,
)

#: Options of a protected request that applications set to lists, sets or dictionaries.
_MUTABLE_OPTIONS = (
    "JWT_TOKEN_LOCATION",
    "JWT_DECODE_ALGORITHMS",
    "JWT_DECODE_AUDIENCE",
    "JWT_DECODE_ISSUER",
    "JWT_ISSUERS",
    "JWT_PUBLIC_KEYS",
    "JWT_SECRET_KEY_FALLBACKS",
)


class ConfigSnapshot:
    """The options of a protected request; valid until ``app.config`` changes.

    Attributes:
        version: the version of the configuration from before it was read.
        locations: where to look for the token, in this order.
        header_key: the WSGI name of the token's header.
        header_prefix: the text before the token in that header.
        header_first: whether the header comes before any other location.
        decoding: how tokens are decoded.
        mutable_values: option values that can change in place, which does not change the version.
        copies: copies of these values from the time of the snapshot.
    """

    def __init__(self, config: Config, version: object, decoding: DecoderConfig) -> None:
        self.version = version
        self.locations = token_locations(config["JWT_TOKEN_LOCATION"])
        scheme = config["JWT_HEADER_TYPE"]
        # A scheme of several words never equals the first word of a header.
        one_word = not scheme or scheme.split() == [scheme]
        self.header_first = self.locations[0] == "headers" and one_word
        self.header_key = environ_key(header_name(config))
        self.header_prefix = f"{scheme} " if scheme else ""
        self.decoding = decoding
        self.mutable_values = [
            value
            for name in _MUTABLE_OPTIONS
            if isinstance(value := config[name], (list, set, dict))
        ]
        self.copies = [_copy(value) for value in self.mutable_values]


def _copy(value: Any) -> Any:
    # JWT_ISSUERS is nested, so it needs a deep copy. A list of keys gets a shallow one: it may
    # hold objects that cannot be copied, and key material is replaced rather than modified.
    return deepcopy(value) if isinstance(value, dict) else value.copy()
