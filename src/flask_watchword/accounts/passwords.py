"""Hash and verify passwords: argon2id, the same work for everybody, no more at once than cores."""

import base64
import contextlib
import os
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from flask_watchword.accounts.foreign_hashes import UnusableHash, check_foreign_hash, verify_foreign

_SALT_BYTES = 16
_HASH_BYTES = 32
_ARGON2 = "$argon2"
_ARGON2_VERSION = 19  # RFC 9106 section 3.1: 0x13, the only one in use


@dataclass(frozen=True, slots=True)
class HashProfile:
    """What one argon2id hash costs (RFC 9106).

    Attributes:
        memory_kib: memory that one hash fills, in KiB.
        passes: how often it goes over that memory.
        lanes: threads of one hash.
    """

    memory_kib: int
    passes: int
    lanes: int


#: OWASP's password storage cheat sheet; about 20 ms. argon2-cffi's own default costs five times
#: as much, and so a fifth of the logins.
OWASP_PROFILE = HashProfile(memory_kib=19 * 1024, passes=2, lanes=1)

#: The most that verifying a stored hash may cost, unless new ones cost more: 256 MiB, or 1 GiB
#: gone over in all its passes, in about a second. The parameters stand in the hash, and a hash
#: may come from elsewhere.
_MOST_MEMORY_KIB = 256 * 1024
_MOST_WORK_KIB = 1024 * 1024
_MOST_LANES = 16

#: Generous for a passphrase, and small enough that reading one costs nothing beside its hash.
MAX_PASSWORD_CHARACTERS = 1024


class HashingBusy(Exception):
    """Every core has been hashing for longer than a caller should wait.

    Attributes:
        retry_after: seconds after which trying again makes sense.
    """

    retry_after = 1


#: Callers that may wait for one core.
WAITING_PER_CORE = 8


class Passwords:
    """Hashes and verifies with one profile.

    Hashing releases Python's lock, so several threads can keep every core busy. More than one
    hash per core makes all of them slower and takes the memory of each; hence the bound.

    Args:
        profile: the parameters of new hashes; older hashes keep theirs until they are renewed.
        concurrency: hashes at a time, by default the number of cores this process may use.
        patience: seconds a caller waits for a core before :class:`HashingBusy` is raised.

    No more than :data:`WAITING_PER_CORE` callers wait for each core; the next is told at once, so
    that a flood of logins cannot take every thread of a server.
    """

    def __init__(
        self,
        profile: HashProfile = OWASP_PROFILE,
        *,
        concurrency: int | None = None,
        patience: float = 5.0,
    ) -> None:
        self._profile = profile
        self._hasher = PasswordHasher(
            time_cost=profile.passes,
            memory_cost=profile.memory_kib,
            parallelism=profile.lanes,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
        )
        cores = concurrency or usable_cores()
        self._cores = threading.BoundedSemaphore(cores)
        self._most = cores * (1 + WAITING_PER_CORE)
        self._places = threading.BoundedSemaphore(self._most)
        self._patience = patience
        self._nobodys_hash = _hash_of_no_password(profile)

    @property
    def waiting(self) -> int:
        """Return how many hashes are at work, or wait for a core."""
        return self._most - self._places._value

    def hash(self, password: str) -> str:
        """Return the encoded hash of a password, salted anew each time.

        Raises:
            HashingBusy: when no core became free in time.
        """
        with self._one_core():
            return self._hasher.hash(_as_bytes(password))

    def verify(self, password_hash: str, password: str) -> bool:
        """Tell whether the hash was made of this password, here or by software it came from.

        A stored text that is no hash, or one that would cost too much, matches nothing, at the
        cost of one that is.

        Raises:
            HashingBusy: when no core became free in time.
        """
        with self._one_core():
            try:
                if not password_hash.startswith(_ARGON2):
                    return verify_foreign(password_hash, password)
                self._check_costs(password_hash)
                return self._hasher.verify(password_hash, _as_bytes(password))
            except VerifyMismatchError:
                return False
            except (UnusableHash, InvalidHashError, VerificationError):
                self._verify_nobodys(password)
                return False

    def verify_nobody(self, password: str) -> None:
        """Do the work of :meth:`verify` for a user who does not exist.

        Without it the time of an answer would tell which e-mail addresses have an account.

        Raises:
            HashingBusy: when no core became free in time.
        """
        with self._one_core():
            self._verify_nobodys(password)

    def check_hash(self, password_hash: str) -> None:
        """Refuse a hash that :meth:`verify` could not verify, before it is kept.

        Raises:
            UnusableHash: when it is of no kind that is known here, or would cost too much.
        """
        if not password_hash.startswith(_ARGON2):
            check_foreign_hash(password_hash)
            return
        try:
            self._check_costs(password_hash)
        except InvalidHashError as error:
            raise UnusableHash("it has the form of an argon2 hash and is none") from error

    def needs_rehash(self, password_hash: str) -> bool:
        """Tell whether a hash was made in another way than by this profile."""
        if not password_hash.startswith(_ARGON2):
            return True
        return self._hasher.check_needs_rehash(password_hash)

    def _check_costs(self, password_hash: str) -> None:
        """Raise ``UnusableHash`` for what costs much more than a hash should."""
        costs, own = extract_parameters(password_hash), self._profile
        if (
            costs.memory_cost > max(_MOST_MEMORY_KIB, own.memory_kib)
            or costs.memory_cost * costs.time_cost
            > max(_MOST_WORK_KIB, own.memory_kib * own.passes)
            or costs.parallelism > max(_MOST_LANES, own.lanes)
        ):
            raise UnusableHash("it is an argon2 hash of excessive parameters")

    def _verify_nobodys(self, password: str) -> None:
        with contextlib.suppress(VerifyMismatchError):
            self._hasher.verify(self._nobodys_hash, _as_bytes(password))

    @contextlib.contextmanager
    def _one_core(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise HashingBusy
        try:
            if not self._cores.acquire(timeout=self._patience):
                raise HashingBusy
            try:
                yield
            finally:
                self._cores.release()
        finally:
            self._places.release()


def usable_cores() -> int:
    """Return the number of cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _as_bytes(password: str) -> bytes:
    # NFC, so that an accent typed on one keyboard matches the same accent typed on another
    # (NIST SP 800-63B-4 section 3.1.1.2). Whatever a client sent has bytes: lone surrogates too.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _hash_of_no_password(profile: HashProfile) -> str:
    # Random bytes in the place of salt and hash: verifying it takes the full work, and nobody,
    # we included, knows a password that matches.
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).rstrip(b"=").decode()
        for size in (_SALT_BYTES, _HASH_BYTES)
    )
    costs = f"m={profile.memory_kib},t={profile.passes},p={profile.lanes}"
    return f"$argon2id$v={_ARGON2_VERSION}${costs}${salt}${digest}"
