"""The steps by which a token is accepted, one by one, for people who ask why one was refused.

Each step is the very function that the decoder uses, in the decoder's order. A decoder says only
what is wrong first; here everything that was found before it is told as well, and what a token says
of itself where nothing was asked any more.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask_watchword.errors import TokenRejected
from flask_watchword.jose import claims as rules
from flask_watchword.jose import jws
from flask_watchword.jose.claims import LATEST_DATE, Policy
from flask_watchword.jose.durations import dated
from flask_watchword.jose.jwt import parse_claims
from flask_watchword.jose.keys import Key
from flask_watchword.jose.pyjwt_errors import translate

#: Characters of a value that are shown; a token may hold thousands.
_SHOWN_CHARACTERS = 120
_EARLIEST_DATE = -62_135_596_800  # the year 1


class Outcome(StrEnum):
    """What came of a step."""

    OK = "ok"
    REFUSED = "refused"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a check.

    Attributes:
        name: what was asked.
        outcome: what came of it.
        says: what was found, for people. A client's text may stand in it.
        code: of a step that refuses, the code of its error.
    """

    name: str
    outcome: Outcome
    says: str
    code: str | None = None


class Walk:
    """Takes steps until one refuses.

    Args:
        refusals: what a step raises that refuses.
        code_of: tells the code of such an error.

    Attributes:
        steps: those that were taken, and those that were not reached.
        stopped: whether one has refused.
    """

    def __init__(
        self, refusals: tuple[type[Exception], ...], code_of: Callable[[Exception], str]
    ) -> None:
        self.steps: list[Step] = []
        self.stopped = False
        self._refusals = refusals
        self._code_of = code_of

    def take(
        self,
        name: str,
        says: str,
        check: Callable[[], object],
        answered_as: Callable[[Any], Exception] | None = None,
    ) -> None:
        """Take a step, unless one has refused before.

        Args:
            name: what is asked.
            says: what is found, known before.
            check: raises where it refuses.
            answered_as: returns the error that is answered in the place of the one raised.
        """
        if self.stopped:
            self.steps.append(Step(name, Outcome.NOT_REACHED, says))
            return
        try:
            check()
        except self._refusals as error:
            answered = error if answered_as is None else answered_as(error)
            reason = str(error)
            if answered is not error and str(answered) != reason:
                reason += f"; it is answered for its form: {answered}"
            self.refuse(name, f"{says}: {reason}" if says else reason, self._code_of(answered))
        else:
            self.steps.append(Step(name, Outcome.OK, says))

    def refuse(self, name: str, says: str, code: str) -> None:
        """Stop at a step that refuses."""
        self.steps.append(Step(name, Outcome.REFUSED, says, code))
        self.stopped = True

    def skip(self, *names: str) -> None:
        """Name steps that nobody takes any more."""
        self.steps += [Step(name, Outcome.NOT_REACHED, "") for name in names]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a token says, verified or not; ``None`` for what cannot be read.

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
    def of(cls, token: str, max_token_bytes: int = jws.MAX_TOKEN_BYTES) -> "Reading":
        """Read what can be read of a token; larger ones are not looked at."""
        parts = _readable(jws.split_compact, token, max_token_bytes)
        if parts is None:
            return cls(token, None, None, None)
        _, header, payload, _ = parts
        return cls(
            token, parts, _readable(jws.parse_header, header), _readable(parse_claims, payload)
        )


def take_form_steps(walk: Walk, reading: Reading, max_token_bytes: int) -> None:
    """Take the steps that ask for the form of a token: its size, its segments and its header."""

    def answered_as(reason: TokenRejected) -> TokenRejected:
        return translate(reading.token, reason, max_token_bytes)

    token, parts, header = reading.token, reading.parts, reading.header or {}
    walk.take(
        "size",
        f"{len(token)} bytes, {max_token_bytes} at most",
        lambda: jws.check_size(token, max_token_bytes),
        answered_as,
    )
    walk.take(
        "three segments",
        "" if parts is None else f"of {', '.join(str(len(p)) for p in parts[1:])} characters",
        lambda: jws.split_compact(token, max_token_bytes),
        answered_as,
    )
    segment = b"" if parts is None else parts[1]
    walk.take(
        "header",
        "" if reading.header is None else shown(header),
        lambda: jws.parse_header(segment),
        answered_as,
    )
    asked = [name for name in ("crit", "b64") if name in header]
    walk.take(
        "critical extensions",
        ", ".join(asked) or "none",
        lambda: jws.check_header(header),
        answered_as,
    )


def take_signature_steps(
    walk: Walk, reading: Reading, keys: Sequence[Key], known: str, max_token_bytes: int
) -> None:
    """Take the steps that ask who has signed a token.

    Args:
        walk: what was asked before.
        reading: the token.
        keys: those that verify.
        known: which keys there are, in words.
        max_token_bytes: larger tokens are not looked at.
    """

    def answered_as(reason: TokenRejected) -> TokenRejected:
        return translate(reading.token, reason, max_token_bytes)

    header, parts = reading.header or {}, reading.parts or (b"", b"", b"", b"")
    signing_input, _, payload, signature = parts
    allowed = sorted({key.algorithm for key in keys})
    walk.take(
        "alg",
        f"{_member(header, 'alg')}; allowed: {', '.join(allowed)}",
        lambda: jws.check_algorithm(header, allowed),
        answered_as,
    )
    walk.take(
        "key",
        f"kid {_member(header, 'kid')}; known: {known or 'none'}",
        lambda: jws.keys_for(header, keys),
        answered_as,
    )
    candidates = [] if walk.stopped else jws.keys_for(header, keys)
    tried = ", ".join(
        f"{key.kid or 'the key without a kid'} ({key.algorithm})" for key in candidates
    )
    walk.take(
        "signature",
        f"tried with {tried}" if tried else "",
        lambda: jws.verify_signature(signing_input, signature, candidates),
        answered_as,
    )
    walk.take(
        "payload",
        "" if reading.claims is None else f"{len(reading.claims)} claims",
        lambda: parse_claims(payload),
        answered_as,
    )


def take_claim_steps(walk: Walk, reading: Reading, policy: Policy, now: float) -> None:
    """Take the steps that ask what a token says, but for whether it has expired.

    Args:
        walk: what was asked before.
        reading: the token.
        policy: what it has to satisfy.
        now: seconds since the epoch.
    """
    claims, header = reading.claims or {}, reading.header or {}
    latest, known = now + policy.leeway, reading.claims is not None

    def take(name: str, says: str, check: Callable[[], object]) -> None:
        walk.take(name, says if known else "", check)

    take("iat", date(claims, "iat", now), lambda: rules.issued_at(claims, latest))
    take("nbf", date(claims, "nbf", now), lambda: rules.not_before(claims, latest))
    take("exp is a date", date(claims, "exp", now), lambda: rules.expiry(claims))
    issuer, audience = policy.issuer, policy.audience
    if issuer is not None:
        wanted = f"{_member(claims, 'iss')}; wanted: {_named(issuer)}"
        take("iss", wanted, lambda: rules.check_issuer(claims, issuer))
    if audience is not None:
        wanted = f"{_member(claims, 'aud')}; wanted: {_named(audience)}"
        take("aud", wanted, lambda: rules.check_audience(claims, audience))
    if policy.verify_subject:
        take("sub", _member(claims, "sub"), lambda: rules.check_subject(claims))
    take("jti", _member(claims, "jti"), lambda: rules.check_token_id(claims))
    if policy.profile == "strict":
        take("required claims", ", ".join(claims), lambda: rules.check_required(claims))
        take("type is known", _member(claims, "type"), lambda: rules.check_type(claims))
        take("typ is known", _member(header, "typ"), lambda: rules.check_typ(header, claims))
        take("cty", _member(header, "cty"), lambda: rules.check_cty(header))


def date(claims: Mapping[str, Any], name: str, now: float) -> str:
    """Return what a claim says that is a date, with how far that is from now."""
    moment = rules.date_of(claims, name, LATEST_DATE + 1)
    if moment is None or not _EARLIEST_DATE <= moment <= LATEST_DATE:
        return _member(claims, name)
    if name != "exp":
        return dated(moment, now)
    return f"{'expired' if moment <= now else 'expires'} {dated(moment, now)}"


def shown(value: object) -> str:
    """Return a value of a token as it is shown: as JSON, and not at any length."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) <= _SHOWN_CHARACTERS:
        return text
    return f"{text[:_SHOWN_CHARACTERS]}… ({len(text)} characters)"


def _member(members: Mapping[str, Any], name: str) -> str:
    return shown(members[name]) if name in members else "absent"


def _named(wanted: object) -> str:
    return wanted if isinstance(wanted, str) else ", ".join(map(str, wanted))  # type: ignore[call-overload]


def _readable(read: Callable[..., Any], *given: Any) -> Any:
    try:
        return read(*given)
    except TokenRejected:
        return None
