"""Revocations, and the in-process index that checks a token with a few look-ups."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from flask_watchword.sessions.expiring_set import ExpiringSet


class RevocationKind(StrEnum):
    """What a revocation applies to."""

    SESSION = "session"
    TOKEN = "token"
    SUBJECT = "subject"
    KEY = "key"
    #: All sessions of a subject that started before ``revoked_at``, but for a kept one.
    SESSIONS = "sessions"
    #: The session that is kept by the entry for all sessions with the same ``revoked_at``.
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Revocation:
    """One entry of the revocation log. Times are seconds since the epoch.

    Attributes:
        kind: what ``value`` identifies.
        value: a session id, a token's ``jti``, a subject, or the ``kid`` of a key.
        revoked_at: when it was revoked. For a subject it is later by the leeway, so that it is not
            before the ``iat`` of a token from a node whose clock is ahead. It revokes the tokens
            issued until then that belong to no session. For all sessions of a subject it is earlier
            by the leeway and a second, so that it is after the ``auth_time`` of no session that a
            node whose clock is behind starts later.
        expires_at: when the last token it can apply to expires; the entry can be deleted then.
    """

    kind: RevocationKind
    value: str
    revoked_at: float
    expires_at: float


#: The claim of a token that was issued after a revocation of its subject: the time of that
#: revocation. When clocks differ, ``iat`` does not tell which of the two came first.
ISSUED_AFTER = "issued_after"

#: Least difference in seconds between two revocations of one subject.
_TICK = 1e-6


def later_than(entry: Revocation, newest: float | None) -> Revocation:
    """Return a revocation whose time is later than the subject's newest one.

    A token may state that it was issued after the newest revocation. A revocation with an earlier
    time, from a node whose clock is behind, would not revoke that token.
    """
    if newest is None or entry.revoked_at > newest:
        return entry
    return replace(entry, revoked_at=newest + _TICK)


class RevocationIndex:
    """The revocations that this process knows and that can still apply to a token.

    Readers take no lock. One thread writes at a time.

    Args:
        subject_claim: the claim that holds a token's subject.

    Attributes:
        keys: revoked keys by ``kid``, with the time at which each entry expires.
    """

    def __init__(self, subject_claim: str = "sub") -> None:
        self._subject_claim = subject_claim
        self._sessions = ExpiringSet()
        self._tokens = ExpiringSet()
        self._subjects: dict[str, tuple[float, float]] = {}
        # The sessions of these subjects that started before the first time.
        self._all_sessions: dict[str, tuple[float, float]] = {}
        self._kept: dict[str, tuple[float, float]] = {}
        self.keys: dict[str, float] = {}
        # For each request: one look-up less.
        self._recent_sessions = self._sessions.recent
        self._has_tokens = False
        self._by_time = {
            RevocationKind.SUBJECT: self._subjects,
            RevocationKind.SESSIONS: self._all_sessions,
            RevocationKind.KEPT: self._kept,
        }

    def __len__(self) -> int:
        by_time = sum(map(len, self._by_time.values()))
        return len(self._sessions) + len(self._tokens) + len(self.keys) + by_time

    def add(self, entries: Iterable[Revocation]) -> None:
        """Add entries; of two for the same value the later times apply."""
        for entry in entries:
            kind, value, expires_at = entry.kind, entry.value, entry.expires_at
            by_time = self._by_time.get(kind)
            if by_time is not None:
                revoked_at, known_until = by_time.get(value, (0.0, 0.0))
                by_time[value] = max(revoked_at, entry.revoked_at), max(known_until, expires_at)
            elif kind is RevocationKind.KEY:
                self.keys[value] = max(self.keys.get(value, 0.0), expires_at)
            else:
                self._of(kind).add([(value, expires_at)])

    def load(self, kind: RevocationKind, entries: Sequence[tuple[str, float]]) -> None:
        """Add a part of very many entries for sessions or tokens; :meth:`loaded` applies them.

        Args:
            kind: of all of them.
            entries: their values, and the times at which they expire.
        """
        self._of(kind).load(entries)

    def loaded(self, now: float) -> None:
        """Apply the entries that were loaded."""
        self._sessions.loaded(now)
        self._tokens.loaded(now)

    def _of(self, kind: RevocationKind) -> ExpiringSet:
        if kind is RevocationKind.SESSION:
            return self._sessions
        self._has_tokens = True
        return self._tokens

    def revokes(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether the token with these claims has been revoked.

        Args:
            claims: verified claims; ``sid``, ``jti``, ``iat`` and the subject are read if present.
        """
        session = claims.get("sid")
        if session is not None:
            if session.__class__ is not str or session in self._recent_sessions:
                return True
            table = self._sessions.table
            if (
                table is not None
                and table.marks[hash(session) & table.marks_mask]  # false for most, without a call
                and session in table
            ):
                return True
            if self._all_sessions and self._ended_with_all(claims):
                return True
        elif self._subjects and self._subject_is_revoked(claims):
            return True
        return self._has_tokens and self._token_is_revoked(claims)

    def ends_session_of(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether the session of a token has been revoked."""
        session = claims.get("sid")
        return isinstance(session, str) and (
            session in self._sessions or self._ended_with_all(claims)
        )

    def _ended_with_all(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether the session of a token is among all those that a subject has ended."""
        before = self._time_of(self._all_sessions, claims.get(self._subject_claim))
        if before is None:
            return False
        started = claims.get("auth_time")
        if isinstance(started, (int, float)) and started >= before:
            return False
        kept = self._time_of(self._kept, claims["sid"])
        return kept is None or kept < before

    def subject_revoked_at(self, subject: object) -> float | None:
        """Return the time of a subject's newest revocation; ``None`` when there is none."""
        return self._time_of(self._subjects, subject)

    def _time_of(self, known: Mapping[str, tuple[float, float]], value: object) -> float | None:
        found = known.get(str(value)) if isinstance(value, (str, int)) else None
        return None if found is None else found[0]

    def _subject_is_revoked(self, claims: Mapping[str, Any]) -> bool:
        revoked_at = self.subject_revoked_at(claims.get(self._subject_claim))
        return revoked_at is not None and was_issued_before(claims, revoked_at)

    def _token_is_revoked(self, claims: Mapping[str, Any]) -> bool:
        token_id = claims.get("jti")
        return isinstance(token_id, str) and token_id in self._tokens

    def drop_expired(self, now: float) -> None:
        """Delete the entries that cannot apply to any token any more; see :meth:`compaction`."""
        self._sessions.drop_expired(now)
        self._tokens.drop_expired(now)
        self._has_tokens = len(self._tokens) > 0
        for value in [value for value, expires_at in self.keys.items() if expires_at <= now]:
            del self.keys[value]
        for by_time in self._by_time.values():
            for value in [value for value, (_, end) in by_time.items() if end <= now]:
                del by_time[value]

    def compaction(self, now: float) -> Iterator[None]:
        """Move entries to tables, and delete expired ones there, where there are very many.

        It yields after each step, which takes about a millisecond. Others may write then.
        """
        yield from self._sessions.compaction(now)
        yield from self._tokens.compaction(now)


def was_issued_before(claims: Mapping[str, Any], revoked_at: float) -> bool:
    """Tell whether a token was issued before a revocation of its subject.

    Args:
        claims: verified claims.
        revoked_at: the time of the revocation, seconds since the epoch.
    """
    issued, after = claims.get("iat"), claims.get(ISSUED_AFTER)
    # `iat` has whole seconds. A token without `iat` may have been issued before.
    if isinstance(issued, (int, float)) and issued > revoked_at:
        return False
    return not isinstance(after, (int, float)) or after < revoked_at
