"""Hash and verify passwords: argon2id, the same work for everybody, no more at once than cores."""

import contextlib
import math
import os
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from argon2 import Parameters, Type

from flask_watchword.accounts.argon2_hashes import (
    ARGON2,
    VERSION,
    Argon2Hash,
    NotArgon2,
    derive,
    read_argon2,
)
from flask_watchword.accounts.imported_hashes.django import ARGON2_PREFIX
from flask_watchword.accounts.imported_hashes.scheme import UnusableHash
from flask_watchword.accounts.imported_hashes.verification import (
    check_imported,
    password_forms,
    verify_imported,
)
from flask_watchword.locks import PerProcess

_SALT_BYTES = 16
_HASH_BYTES = 32


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

    def parameters(self) -> Parameters:
        """Return what hashes made with it say of themselves."""
        return Parameters(
            type=Type.ID,
            version=VERSION,
            salt_len=_SALT_BYTES,
            hash_len=_HASH_BYTES,
            time_cost=self.passes,
            memory_cost=self.memory_kib,
            parallelism=self.lanes,
        )


#: OWASP's password storage cheat sheet; 10 to 20 ms. argon2-cffi's own default costs five times
#: as much, and so a fifth of the logins.
OWASP_PROFILE = HashProfile(memory_kib=19 * 1024, passes=2, lanes=1)

#: The most that verifying a stored hash may cost, unless new ones cost more: 256 MiB, or 1 GiB
#: gone over in all its passes, in about a second. The parameters stand in the hash, and a hash
#: may come from elsewhere.
_MOST_MEMORY_KIB = 256 * 1024
_MOST_WORK_KIB = 1024 * 1024
_MOST_LANES = 16
#: Lengths in bytes that argon2 hashes have; no system writes others.
_SALT_SIZES = range(8, 65)
_HASH_SIZES = range(16, 129)

#: What the store keeps of a hash.
_MOST_CHARACTERS = 512

#: Generous for a passphrase, and small enough that reading one costs nothing beside its hash.
MAX_PASSWORD_CHARACTERS = 1024


class HasherOverloaded(Exception):
    """Every core has been hashing for longer than a caller should wait, or there is no memory.

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
        patience: seconds a caller waits for a core before :class:`HasherOverloaded` is raised.

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
        self._parameters = profile.parameters()
        self._use(concurrency or usable_cores())
        self._patience = patience
        self._nobodys_hash = _hash_of_no_password(self._parameters)

    def share_cores(self, processes: int) -> None:
        """Hash no more at a time than is reasonable beside other processes that hash as well.

        That is twice the part of the cores that each of them has. Who logs in is not dealt out
        evenly at every moment, and while one process has a queue, the core of another would idle.
        Nobody may hash meanwhile.
        """
        cores = usable_cores()
        self._use(min(cores, 2 * math.ceil(cores / processes)))

    def _use(self, cores: int) -> None:
        most = self._most = cores * (1 + WAITING_PER_CORE)
        self._cores = PerProcess(lambda: threading.BoundedSemaphore(cores))
        self._places = PerProcess(lambda: threading.BoundedSemaphore(most))

    @property
    def capacity(self) -> int:
        """Return how many hashes may be at work or wait for a core at once."""
        return self._most

    @property
    def waiting(self) -> int:
        """Return how many hashes are at work, or wait for a core."""
        return self._most - self._places()._value

    def hash(self, password: str) -> str:
        """Return the encoded hash of a password, salted anew each time.

        Raises:
            HasherOverloaded: when no core became free in time.
        """
        salt, secret = secrets.token_bytes(_SALT_BYTES), _as_bytes(password)
        with self._one_core():
            digest = derive(self._parameters, salt, secret)
        return Argon2Hash(self._parameters, salt, digest).encoded()

    def verify(self, password_hash: str, password: str) -> bool:
        """Tell whether the hash was made of this password, here or by software it came from.

        A stored text that is no hash, or one that would cost too much, matches nothing, at the
        cost of one that is.

        Raises:
            HasherOverloaded: when no core became free in time.
        """
        with self._one_core():
            try:
                argon2 = _argon2(password_hash)
                if argon2 is None:
                    return verify_imported(password_hash, password)
                return self._is_of(argon2, password)
            except (UnusableHash, NotArgon2):
                self._nobodys_hash.is_of(_as_bytes(password))
                return False

    def verify_nobody(self, password: str) -> None:
        """Do the work of :meth:`verify` for a user who does not exist.

        Without it the time of an answer would tell which e-mail addresses have an account.

        Raises:
            HasherOverloaded: when no core became free in time.
        """
        with self._one_core():
            self._nobodys_hash.is_of(_as_bytes(password))

    def check_hash(self, password_hash: str) -> None:
        """Refuse a hash that :meth:`verify` could not verify, before it is kept.

        Raises:
            UnusableHash: when it is of no kind that is known here, or would cost too much.
        """
        if len(password_hash) > _MOST_CHARACTERS:
            raise UnusableHash(f"it has more than {_MOST_CHARACTERS} characters")
        argon2 = _argon2(password_hash)
        if argon2 is None:
            check_imported(password_hash)
            return
        try:
            self._accepted(argon2)
        except NotArgon2 as error:
            raise UnusableHash("it has the form of an argon2 hash and is not one") from error

    def needs_rehash(self, password_hash: str) -> bool:
        """Tell whether a hash was made in another way than by this profile."""
        if not password_hash.startswith(ARGON2):
            return True
        return read_argon2(password_hash).parameters != self._parameters

    def _is_of(self, argon2: str, password: str) -> bool:
        read = self._accepted(argon2)
        if read.parameters == self._parameters:
            return read.is_of(_as_bytes(password))
        # It may be from software that takes a password as it was typed.
        return any(read.is_of(form) for form in password_forms(password))

    def _accepted(self, argon2: str) -> Argon2Hash:
        """Return an argon2 hash; raise ``UnusableHash`` for one that exceeds a bound."""
        read = read_argon2(argon2)
        costs, own = read.parameters, self._parameters
        if (
            costs.memory_cost > max(_MOST_MEMORY_KIB, own.memory_cost)
            or costs.memory_cost * costs.time_cost
            > max(_MOST_WORK_KIB, own.memory_cost * own.time_cost)
            or costs.parallelism > max(_MOST_LANES, own.parallelism)
        ):
            raise UnusableHash(
                f"argon2 is accepted up to {_MOST_MEMORY_KIB >> 10} MiB of memory, "
                f"{_MOST_WORK_KIB >> 10} MiB in all passes, and {_MOST_LANES} lanes"
            )
        if len(read.salt) not in _SALT_SIZES or len(read.digest) not in _HASH_SIZES:
            raise NotArgon2
        return read

    @contextlib.contextmanager
    def _one_core(self) -> Iterator[None]:
        places, cores = self._places(), self._cores()
        if not places.acquire(blocking=False):
            raise HasherOverloaded
        try:
            if not cores.acquire(timeout=self._patience):
                raise HasherOverloaded
            try:
                yield
            except MemoryError as error:
                raise HasherOverloaded from error
            finally:
                cores.release()
        finally:
            places.release()


def _argon2(password_hash: str) -> str | None:
    """Return the standard form of an argon2 hash; ``None`` for a hash of another kind."""
    if password_hash.startswith(ARGON2_PREFIX + ARGON2):
        return password_hash.removeprefix(ARGON2_PREFIX)
    return password_hash if password_hash.startswith(ARGON2) else None


def usable_cores() -> int:
    """Return the number of cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _as_bytes(password: str) -> bytes:
    # NFC, so that an accent typed on one keyboard matches the same accent typed on another
    # (NIST SP 800-63B-4 section 3.1.1.2). Whatever a client sent has bytes: lone surrogates too.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _hash_of_no_password(parameters: Parameters) -> Argon2Hash:
    # Random bytes in the place of salt and hash: verifying it takes the full work, and nobody,
    # we included, knows a password that matches.
    salt, digest = map(secrets.token_bytes, (_SALT_BYTES, _HASH_BYTES))
    return Argon2Hash(parameters, salt, digest)
