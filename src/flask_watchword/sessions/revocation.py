"""What has been revoked, kept so that asking is a look-up in a dictionary."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
        moment: when it was made, seconds since the epoch. Of a subject it revokes what was
            issued until then and belongs to no session: sessions are revoked one by one.
        until: when the last token it can concern expires; the entry dies then.
    """

    kind: Kind
    value: str
    moment: float
    until: float


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

    def _subject_is_revoked(self, claims: Mapping[str, Any]) -> bool:
        subject, issued = claims.get(self._subject_claim), claims.get("iat")
        if isinstance(subject, int):
            subject = str(subject)
        if not isinstance(subject, str) or subject not in self._subjects:
            return False
        # iat counts whole seconds, so a token of the same second may have been before or after;
        # and a token that does not say when it was issued may have been before.
        return not isinstance(issued, (int, float)) or issued <= self._subjects[subject][0]

    def drop_expired(self, now: float) -> None:
        """Forget the entries that can concern no token any more."""
        for held in self._held.values():
            for value in [value for value, until in held.items() if until <= now]:
                del held[value]
        gone = [value for value, (_, until) in self._subjects.items() if until <= now]
        for value in gone:
            del self._subjects[value]
