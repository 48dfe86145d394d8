"""A store of one-time codes in memory, for tests."""

from flask_watchword.accounts.one_time_codes import OneTimeCode
from flask_watchword.locks import process_lock


class MemoryCodeStore:
    """A code store that is lost when the process ends; one lock makes each step atomic."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], OneTimeCode] = {}
        self._lock = process_lock()

    def put(self, code: OneTimeCode) -> None:
        """Store a code, replacing that of the same subject and purpose."""
        with self._lock():
            self._codes[code.subject, code.purpose] = code

    def put_first(self, code: OneTimeCode, now: float) -> bool:
        """Store a code unless the subject has an unexpired one for this purpose."""
        with self._lock():
            held = self._codes.get((code.subject, code.purpose))
            if held is not None and held.expires_at > now:
                return False
            self._codes[code.subject, code.purpose] = code
            return True

    def find(self, digest: str, purpose: str, now: float) -> OneTimeCode | None:
        """Return an unexpired code of this purpose without removing it."""
        with self._lock():
            return self._live(digest, purpose, now)

    def take(self, digest: str, purpose: str, now: float) -> OneTimeCode | None:
        """Remove and return an unexpired code of this purpose."""
        with self._lock():
            code = self._live(digest, purpose, now)
            if code is not None:
                del self._codes[code.subject, code.purpose]
            return code

    def forget(self, subject: str) -> None:
        """Remove every code of a subject."""
        with self._lock():
            for key in [key for key in self._codes if key[0] == subject]:
                del self._codes[key]

    def purge(self, now: float, limit: int) -> int:
        """Remove up to ``limit`` expired codes; return their number."""
        with self._lock():
            over = [place for place, code in self._codes.items() if code.expires_at <= now][:limit]
            for place in over:
                del self._codes[place]
            return len(over)

    def _live(self, digest: str, purpose: str, now: float) -> OneTimeCode | None:
        for code in self._codes.values():
            if code.digest == digest and code.purpose == purpose and code.expires_at > now:
                return code
        return None
