"""Explain why a token is accepted or rejected, check by check.

The decoder's own checks run, in the decoder's order (:mod:`flask_watchword.jose.careful` and
:attr:`Policy.claim_checks`), and a trace records the result of each. A decoder reports only the
first failure; the trace also shows what was found before it, and what the unverified token says
about the checks that were not reached.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from flask_watchword.errors import TokenRejected
from flask_watchword.jose import careful, jws
from flask_watchword.jose import claims as rules
from flask_watchword.jose.claims import LATEST_DATE, Policy
from flask_watchword.jose.durations import dated
from flask_watchword.jose.keys import Key
from flask_watchword.jose.pyjwt_errors import translate

#: Characters of a value that are shown; a token may contain thousands.
_SHOWN_CHARACTERS = 120
_EARLIEST_DATE = -62_135_596_800  # the year 1


class Outcome(StrEnum):
    """The result of a step."""

    OK = "ok"
    REFUSED = "refused"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a trace.

    Attributes:
        name: what was checked.
        outcome: the result.
        says: what was found, for people. It may contain text from the client.
        code: the error code, if the step rejects the token.
    """

    name: str
    outcome: Outcome
    says: str
    code: str | None = None


class Trace:
    """Run checks until one rejects the token, and record each as a step.

    Args:
        rejections: the exceptions by which a check rejects a token.
        code_of: returns the code of such an exception.

    Attributes:
        steps: the recorded steps.
        stopped: whether a step has rejected the token.
    """

    def __init__(
        self, rejections: tuple[type[Exception], ...], code_of: Callable[[Exception], str]
    ) -> None:
        self.steps: list[Step] = []
        self.stopped = False
        self._rejections = rejections
        self._code_of = code_of

    def run(
        self,
        name: str,
        says: str,
        check: Callable[[], object],
        to_client_error: Callable[[Any], Exception] | None = None,
    ) -> None:
        """Run a check and record it, or record that it was not reached.

        Args:
            name: what is checked.
            says: what is found, known before the check.
            check: raises when it rejects the token.
            to_client_error: returns the error that the client gets instead of the one raised.
        """
        if self.stopped:
            self.steps.append(Step(name, Outcome.NOT_REACHED, says))
            return
        try:
            check()
        except self._rejections as error:
            answered = error if to_client_error is None else to_client_error(error)
            reason = str(error)
            if answered is not error and str(answered) != reason:
                reason += f"; the response says: {answered}"
            self.reject(name, f"{says}: {reason}" if says else reason, self._code_of(answered))
        else:
            self.steps.append(Step(name, Outcome.OK, says))

    def reject(self, name: str, says: str, code: str) -> None:
        """Record that a step rejects the token, and stop."""
        self.steps.append(Step(name, Outcome.REFUSED, says, code))
        self.stopped = True

    def skip(self, *names: str) -> None:
        """Record steps that were not reached."""
        self.steps += [Step(name, Outcome.NOT_REACHED, "") for name in names]


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """What an unverified token says; ``None`` for what cannot be parsed.

    Attributes:
        token: the token.
        parts: its segments, encoded.
        header: its header.
        claims: its claims.
    """

    token: str
    parts: jws.Parts | None
    header: Mapping[str, Any] | None
    claims: Mapping[str, Any] | None

    @classmethod
    def parse(cls, token: str, max_token_bytes: int = jws.MAX_TOKEN_BYTES) -> "UnverifiedToken":
        """Parse what can be parsed of a token; larger tokens are not parsed."""
        parts = _parsed(jws.split_compact, token, max_token_bytes)
        if parts is None:
            return cls(token, None, None, None)
        _, header, payload, _ = parts
        return cls(
            token, parts, _parsed(jws.parse_header, header), _parsed(careful.parse_claims, payload)
        )


def trace_token(
    trace: Trace,
    unverified: UnverifiedToken,
    policy: Policy,
    keys: Sequence[Key],
    known_keys: str,
    now: float,
) -> None:
    """Run every check of a decoder except for expiry.

    Args:
        trace: records the checks.
        unverified: the token.
        policy: what it has to satisfy.
        keys: the keys that verify.
        known_keys: description of these keys.
        now: seconds since the epoch.
    """
    candidate = careful.Candidate(unverified.token, keys, policy.max_token_bytes)
    to_client_error = partial(_translated, unverified.token, policy.max_token_bytes)
    for name, check in careful.CHECKS:
        # Described when it is its turn: some descriptions need what the checks before have found.
        says = _describe(name, unverified, candidate, known_keys)
        trace.run(name, says, partial(check, candidate), to_client_error)
    header, claims, latest = unverified.header or {}, unverified.claims or {}, now + policy.leeway
    for name, claim_check in policy.claim_checks:
        says = _describe_claim(name, unverified, policy, now)
        trace.run(name, says, partial(claim_check, claims, policy, latest))
    if policy.profile == "strict":
        for name, strict_check in rules.STRICT_CHECKS:
            says = _describe_claim(name, unverified, policy, now)
            trace.run(name, says, partial(strict_check, header, claims))


def _translated(token: str, max_token_bytes: int, reason: TokenRejected) -> TokenRejected:
    return translate(token, reason, max_token_bytes)


def _describe(
    name: str, unverified: UnverifiedToken, candidate: careful.Candidate, known_keys: str
) -> str:
    parts, header, claims = unverified.parts, unverified.header, unverified.claims or {}
    match name:
        case "size":
            return f"{len(unverified.token)} bytes, {candidate.max_token_bytes} at most"
        case "three segments" if parts is not None:
            return f"of {', '.join(str(len(p)) for p in parts[1:])} characters"
        case "header" if header is not None:
            return shown(header)
        case "critical extensions":
            return ", ".join(n for n in ("crit", "b64") if n in (header or {})) or "none"
        case "alg":
            allowed = sorted({key.algorithm for key in candidate.keys})
            return f"{_member(header or {}, 'alg')}; allowed: {', '.join(allowed)}"
        case "key":
            return f"kid {_member(header or {}, 'kid')}; known: {known_keys or 'none'}"
        case "signature":
            tried = [
                f"{key.kid or 'the key without a kid'} ({key.algorithm})"
                for key in getattr(candidate, "usable_keys", ())
            ]
            return f"tried with {', '.join(tried)}" if tried else ""
        case "payload" if unverified.claims is not None:
            return f"{len(claims)} claims"
    return ""


def _describe_claim(name: str, unverified: UnverifiedToken, policy: Policy, now: float) -> str:
    if unverified.claims is None:
        return ""
    claims, header = unverified.claims, unverified.header or {}
    match name:
        case "iat" | "nbf":
            return date(claims, name, now)
        case "exp is a date":
            return date(claims, "exp", now)
        case "iss":
            return f"{_member(claims, 'iss')}; wanted: {_named(policy.issuer)}"
        case "aud":
            return f"{_member(claims, 'aud')}; wanted: {_named(policy.audience)}"
        case "required claims":
            return ", ".join(claims)
        case "type is known":
            return _member(claims, "type")
        case "typ is known":
            return _member(header, "typ")
        case "cty":
            return _member(header, "cty")
    return _member(claims, name)


def date(claims: Mapping[str, Any], name: str, now: float) -> str:
    """Describe a claim that is a date, and how far it is from now."""
    timestamp = rules.date_of(claims, name, LATEST_DATE + 1)
    if timestamp is None or not _EARLIEST_DATE <= timestamp <= LATEST_DATE:
        return _member(claims, name)
    if name != "exp":
        return dated(timestamp, now)
    return f"{'expired' if timestamp <= now else 'expires'} {dated(timestamp, now)}"


def shown(value: object) -> str:
    """Return the text form of a value of a token: JSON, truncated if it is long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) <= _SHOWN_CHARACTERS:
        return text
    return f"{text[:_SHOWN_CHARACTERS]}… ({len(text)} characters)"


def _member(members: Mapping[str, Any], name: str) -> str:
    return shown(members[name]) if name in members else "absent"


def _named(wanted: object) -> str:
    return wanted if isinstance(wanted, str) else ", ".join(map(str, wanted))  # type: ignore[call-overload]


def _parsed(parse: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return parse(*arguments)
    except TokenRejected:
        return None
