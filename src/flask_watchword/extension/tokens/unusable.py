"""Check that this application accepts a token which it has just created.

Otherwise the error would only appear at the client's next request. The compatible profile warns at
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

_REJECTED = "this application would reject the token that was just created: "
#: What to do, by the error of the decoder.
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
        "set the option or the additional claim that writes it, or do not require it",
    ),
    (InvalidAlgorithmError, "add the alg of the additional headers to JWT_DECODE_ALGORITHMS"),
)
_CORRECT_IT = "correct the identity, the additional claims or the additional headers"
#: Validated at this time, no date is in the future: a token may be created for later use.
_END_OF_TIME = rules.LATEST_DATE
#: Errors that mean that the verification key does not belong to the signing key.
_KEY_ERRORS = (InvalidSignatureError, UnknownKeyError, InvalidAlgorithmError)


class NewToken(NamedTuple):
    """A token that was just created.

    Attributes:
        text: the token.
        claims: its claims, before they were encoded as JSON.
        key: the signing key.
        is_plain: whether it has no additional claims and header members.
        now: the time of its creation in seconds since the epoch.
    """

    text: str
    claims: Claims
    key: Key
    is_plain: bool
    now: float


def check_usable(config: Config, state: AppState, token: NewToken, *, any_age: bool) -> None:
    """Check that this application will accept a token now or later.

    For the usual token this is a few comparisons. Any other token is decoded.

    Args:
        config: the options.
        state: the state of the application.
        token: the token to check.
        any_age: whether to accept a token that has already expired.

    Raises:
        UnusableToken: in the strict profile, when the token will not be accepted.
    """
    decoding = state.snapshot(config).decoding  # type: ignore[arg-type]
    if _is_usual(decoding, token):
        return
    if _check(config, state, decoding, token) and not any_age:
        _check_lifetime(config, decoding, token)


def _is_usual(decoding: DecoderConfig, token: NewToken) -> bool:
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
        report(
            config,
            f"{_REJECTED}it has {len(token.text)} bytes, and JWT_MAX_TOKEN_BYTES is "
            f"{policy.max_token_bytes}; put less into its claims, and load the rest when it is "
            "needed",
        )
        return False
    error = _error_of(token, state, decoding)
    if error is not None:
        remedy = next((text for kind, text in _REMEDIES if isinstance(error, kind)), _CORRECT_IT)
        report(config, f"{_REJECTED}{error}; {remedy}")
        return False
    if decoding.proven_keys[id(token.key)] is not token.key:
        return _prove_key(config, state, decoding, token)
    return True


def _check_lifetime(config: Config, decoding: DecoderConfig, token: NewToken) -> None:
    leeway = decoding.policy.leeway
    end = rules.date_of(token.claims, "exp", inf)
    start = rules.date_of(token.claims, "nbf", -inf)
    if end is None or start is None:
        return  # a value that only the application's JSON provider converts to a date
    if end + leeway <= token.now:
        why = (
            "it has already expired; give it a lifetime of more than 0 seconds (a test of expired "
            "tokens can set JWTManager.clock instead)"
        )
    elif end + leeway <= start - leeway:
        why = "it expires before it is valid (exp and nbf)"
    else:
        return
    report(config, _REJECTED + why)


def report(config: Config, reason: str) -> None:
    """Warn at the line of the application that a token is unusable.

    Raises:
        UnusableToken: in the strict profile, instead of the warning.
    """
    if config["JWT_PROFILE"] == "strict":
        raise UnusableToken(reason)
    warn_caller(reason, UnusableTokenWarning)


def _error_of(token: NewToken, state: AppState, decoding: DecoderConfig) -> TokenRejected | None:
    policy = decoding.policy
    if token.is_plain and policy.profile == "compatible" and decoding.issuers is None:
        try:
            rules.validate(token.claims, policy, _END_OF_TIME)
        except TokenRejected:
            pass  # as JSON it may be valid: an application's provider may write a UUID as a string
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
    """Check once for each signing key that the configured verification keys accept it.

    The keys of a key provider belong together, and a key loader is only called for tokens of
    requests. An application without a verification key creates tokens for other applications.
    """
    if state.key_provider is None and not _has_key_loader(state):
        try:
            decoding.default_decoder.verify(token.text, token.now, allow_expired=True)
        except _KEY_ERRORS as error:
            report(
                config,
                f"{_REJECTED}{error}; the keys that sign and verify do not belong together, see "
                "JWT_PRIVATE_KEY, JWT_PUBLIC_KEY and the key loaders",
            )
            return False
        except (InvalidKeyError, RuntimeError):
            return True
        except TokenRejected:
            pass  # about its dates: the token may be for later use
    decoding.proven_keys.put(id(token.key), token.key)
    return True
