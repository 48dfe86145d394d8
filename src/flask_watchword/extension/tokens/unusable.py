"""Whether a token that was just created can be used: an application learns it when it creates one.

Otherwise the first to learn it is the client, at its next request. The compatible profile warns, at
the line that created the token; the strict profile raises.
"""

from math import inf
from typing import Any, NamedTuple

from flask_watchword.errors import (
    InvalidAlgorithmError,
    InvalidAudienceError,
    InvalidIssuerError,
    InvalidKeyError,
    InvalidSignatureError,
    InvalidSubjectError,
    MissingRequiredClaimError,
    TokenRejected,
    UnknownKeyError,
)
from flask_watchword.extension.callbacks.defaults import default_decode_key_callback
from flask_watchword.extension.caller_warnings import warn_caller
from flask_watchword.extension.decoder_config import DecoderConfig
from flask_watchword.extension.errors import UnusableToken, UnusableTokenWarning
from flask_watchword.extension.options.values import Config
from flask_watchword.extension.state import AppState
from flask_watchword.jose import Key, jws
from flask_watchword.jose import claims as rules
from flask_watchword.jose.careful import parse_claims

Claims = dict[str, Any]

_REFUSED = "this application would refuse the token that was just created: "
#: What to do about a claim, by the error of the decoder.
_REMEDIES: tuple[tuple[type[TokenRejected], str], ...] = (
    (
        InvalidSubjectError,
        "pass a string as the identity, register a user_identity_loader that returns one, or set "
        "JWT_VERIFY_SUB = False",
    ),
    (InvalidIssuerError, "make JWT_ENCODE_ISSUER an issuer that JWT_DECODE_ISSUER accepts"),
    (InvalidAudienceError, "make JWT_ENCODE_AUDIENCE name an audience of JWT_DECODE_AUDIENCE"),
    (
        MissingRequiredClaimError,
        "set the option or the additional claim that writes it, or leave its check out",
    ),
    (InvalidAlgorithmError, "add the alg of the additional headers to JWT_DECODE_ALGORITHMS"),
)
_CORRECT_IT = "correct the identity, the additional claims or the additional headers"
#: Nothing is still to come then: a token may be created for later.
_END_OF_TIME = rules.LATEST_DATE
#: What says that the key which verifies does not belong to the key which signs.
_OF_THE_KEY = (InvalidSignatureError, UnknownKeyError, InvalidAlgorithmError)


class NewToken(NamedTuple):
    """A token that was just created, and what it was made of.

    Attributes:
        text: the token.
        claims: its claims, before they were written as JSON.
        key: what signed it.
        is_plain: whether the claims and the header are those of every token, with none added.
        now: seconds since the epoch at which it was created.
    """

    text: str
    claims: Claims
    key: Key
    is_plain: bool
    now: float


def check_usable(config: Config, state: AppState, token: NewToken, *, any_age: bool) -> None:
    """Check that the decoder of this application will accept a token now or later.

    The usual token costs a few comparisons. Any other is read again as the decoder reads it.

    Args:
        config: the options.
        state: of the application.
        token: to check.
        any_age: whether a token passes that has expired already.

    Raises:
        UnusableToken: when it will not be accepted, in the strict profile.
    """
    decoding = state.snapshot(config).decoding  # type: ignore[arg-type]
    if _is_plainly_usable(decoding, token):
        return
    if _check(config, state, decoding, token) and not any_age:
        _check_lifetime(config, decoding, token)


def _is_plainly_usable(decoding: DecoderConfig, token: NewToken) -> bool:
    policy = decoding.policy
    if (
        not token.is_plain
        or policy.profile == "strict"
        or len(token.text) > policy.max_token_bytes
        or decoding.proven_keys[id(token.key)] is not token.key
    ):
        return False
    dates = rules.usual_dates(token.claims, policy, token.now)
    return dates is not None and dates[1] > token.now


def _check(config: Config, state: AppState, decoding: DecoderConfig, token: NewToken) -> bool:
    policy = decoding.policy
    if len(token.text) > policy.max_token_bytes:
        complain(
            config,
            f"{_REFUSED}it has {len(token.text)} bytes, and JWT_MAX_TOKEN_BYTES is "
            f"{policy.max_token_bytes}; put less into its claims, and look up the rest when it is "
            "needed",
        )
        return False
    refusal = _refusal_of(token, state, decoding)
    if refusal is not None:
        remedy = next((text for kind, text in _REMEDIES if isinstance(refusal, kind)), _CORRECT_IT)
        complain(config, f"{_REFUSED}{refusal}; {remedy}")
        return False
    if decoding.proven_keys[id(token.key)] is not token.key:
        return _prove_key(config, state, decoding, token)
    return True


def _check_lifetime(config: Config, decoding: DecoderConfig, token: NewToken) -> None:
    leeway = decoding.policy.leeway
    end = rules.date_of(token.claims, "exp", inf)
    start = rules.date_of(token.claims, "nbf", -inf)
    if end is None or start is None:
        return  # something that only the application's JSON provider makes a date of
    if end + leeway <= token.now:
        why = (
            "it has expired already; give it a life of more than 0 seconds (a test of expired "
            "tokens can set JWTManager.clock instead)"
        )
    elif end + leeway <= start - leeway:
        why = "it expires before it is valid (exp and nbf)"
    else:
        return
    complain(config, _REFUSED + why)


def complain(config: Config, reason: str) -> None:
    """Warn at the line of the application that a token cannot be used.

    Raises:
        UnusableToken: instead, in the strict profile.
    """
    if config["JWT_PROFILE"] == "strict":
        raise UnusableToken(reason)
    warn_caller(reason, UnusableTokenWarning)


def _refusal_of(token: NewToken, state: AppState, decoding: DecoderConfig) -> TokenRejected | None:
    policy = decoding.policy
    if token.is_plain and policy.profile == "compatible" and decoding.issuers is None:
        try:
            rules.validate(token.claims, policy, _END_OF_TIME)
        except TokenRejected:
            pass  # as JSON it may be accepted: an application's provider may write a UUID as text
        else:
            return None
    try:
        _, segment, payload, _ = jws.split_compact(token.text, policy.max_token_bytes)
        header, claims = jws.read_header(segment), parse_claims(payload)
        if state.key_provider is None:
            jws.check_algorithm(header, decoding.algorithms)
        if decoding.issuers is not None:
            decoding.issuers.check_own(claims, _has_key_loader(state))
        rules.validate(claims, policy, _END_OF_TIME)
        if policy.profile == "strict":
            rules.validate_strictly(header, claims)
    except TokenRejected as error:
        return error
    return None


def _has_key_loader(state: AppState) -> bool:
    return state.callbacks._decode_key_callback is not default_decode_key_callback


def _prove_key(config: Config, state: AppState, decoding: DecoderConfig, token: NewToken) -> bool:
    """Check once for each key that what it signs is verified here.

    Keys of a key source belong together, and a loader of keys is asked about tokens of requests
    alone. An application without a key that verifies creates tokens for others.
    """
    if state.key_provider is None and not _has_key_loader(state):
        try:
            decoding.default_decoder.verify(token.text, token.now, allow_expired=True)
        except _OF_THE_KEY as error:
            complain(
                config,
                f"{_REFUSED}{error}; the keys that sign and verify do not belong together, see "
                "JWT_PRIVATE_KEY, JWT_PUBLIC_KEY and the loaders of keys",
            )
            return False
        except (InvalidKeyError, RuntimeError):
            return True
        except TokenRejected:
            pass  # its dates: it may be for later
    decoding.proven_keys.put(id(token.key), token.key)
    return True
