"""What has been revoked, kept so that asking is a look-up in a dictionary."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a revocation is about."""

    SESSION = "session"
    TOKEN = "token"
    SUBJECT = "subject"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Revocation:
    """One entry of the log.

    Attributes:
        kind: what ``value`` is.
        value: a session's id, a token's ``jti``, a subject, or the ``kid`` of a key.
        moment: when it was made, seconds since the epoch. That of a subject is later by the
            leeway, so that it is not before the ``iat`` of a token from a node whose clock is
            ahead. It revokes what was issued until then and belongs to no session: sessions are
            revoked one by one.
        until: when the last token it can concern expires; the entry dies then.
    """

    kind: Kind
    value: str
    moment: float
    until: float


#: The claim of a token that was issued in the knowledge of a revocation of its subject: the moment
#: of that revocation. Where clocks differ, ``iat`` does not tell which of the two came first.
ISSUED_AFTER = "issued_after"

#: The least seconds between the moments of two revocations of one subject.
_TICK = 1e-6


def later_than(entry: Revocation, newest: float | None) -> Revocation:
    """Return a revocation whose moment is later than that of the subject's newest one.

    A token may say that it was issued after the newest one. If one from a node whose clock is
    behind were made earlier than that, it would not revoke that token.
    """
    if newest is None or entry.moment > newest:
        return entry
    return replace(entry, moment=newest + _TICK)


class RevocationIndex:
    """The live revocations of one process.

    Readers take no lock: each step is one operation on a dictionary. One thread writes.

    Args:
        subject_claim: the claim that holds a token's subject.

    Attributes:
        keys: the keys whose tokens are all refused, and until when that matters.
    """

    def __init__(self, subject_claim: str = "sub") -> None:
        self._subject_claim = subject_claim
        self._sessions: dict[str, float] = {}
        self._tokens: dict[str, float] = {}
        self._subjects: dict[str, tuple[float, float]] = {}
        self.keys: dict[str, float] = {}
        self._held = {Kind.SESSION: self._sessions, Kind.TOKEN: self._tokens, Kind.KEY: self.keys}

    def __len__(self) -> int:
        return sum(map(len, self._held.values())) + len(self._subjects)

    def add(self, entries: Iterable[Revocation]) -> None:
        """Add entries; one that is there already is kept, or lives as long as the longer."""
        for entry in entries:
            if entry.kind is Kind.SUBJECT:
                moment, until = self._subjects.get(entry.value, (0.0, 0.0))
                self._subjects[entry.value] = (max(moment, entry.moment), max(until, entry.until))
            else:
                held = self._held[entry.kind]
                held[entry.value] = max(held.get(entry.value, 0.0), entry.until)

    def revokes(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether the token with these claims has been revoked.

        Args:
            claims: verified claims; ``sid``, ``jti``, ``iat`` and the subject are read where
                present.
        """
        session = claims.get("sid")
        if session is not None:
            if session.__class__ is not str or session in self._sessions:
                return True
        elif self._subjects and self._subject_is_revoked(claims):
            return True
        return bool(self._tokens) and claims.get("jti") in self._tokens

    def ends_session_of(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether it is the session of a token that has been revoked."""
        session = claims.get("sid")
        return isinstance(session, str) and session in self._sessions

    def subject_revoked_at(self, subject: object) -> float | None:
        """Return the moment of a subject's newest revocation; ``None`` where there is none."""
        known = self._subjects.get(str(subject)) if isinstance(subject, (str, int)) else None
        return None if known is None else known[0]

    def _subject_is_revoked(self, claims: Mapping[str, Any]) -> bool:
        moment = self.subject_revoked_at(claims.get(self._subject_claim))
        return moment is not None and was_issued_by(claims, moment)

    def drop_expired(self, now: float) -> None:
        """Forget the entries that can concern no token any more."""
        for held in self._held.values():
            for value in [value for value, until in held.items() if until <= now]:
                del held[value]
        gone = [value for value, (_, until) in self._subjects.items() if until <= now]
        for value in gone:
            del self._subjects[value]


def was_issued_by(claims: Mapping[str, Any], moment: float) -> bool:
    """Tell whether a token was issued before a revocation of its subject.

    Args:
        claims: verified claims.
        moment: that of the revocation.
    """
    issued, after = claims.get("iat"), claims.get(ISSUED_AFTER)
    # iat counts whole seconds, and a token that does not say when it was issued may have been
    # issued before.
    if isinstance(issued, (int, float)) and issued > moment:
        return False
    return not isinstance(after, (int, float)) or after < moment
