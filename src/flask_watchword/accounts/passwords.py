"""Hash and verify passwords with argon2id, in constant work, with as many threads as cores."""

import contextlib
import math
import os
import secrets
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
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
from flask_watchword.accounts.errors import LOGIN_BUSY, Rejected
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
    """The cost of one argon2id hash (RFC 9106).

    Attributes:
        memory_kib: memory of one hash, in KiB.
        time_cost: number of passes over that memory.
        parallelism: number of threads (lanes) of one hash.
    """

    memory_kib: int
    time_cost: int
    parallelism: int

    def parameters(self) -> Parameters:
        """Return the parameters that hashes with this profile encode."""
        return Parameters(
            type=Type.ID,
            version=VERSION,
            salt_len=_SALT_BYTES,
            hash_len=_HASH_BYTES,
            time_cost=self.time_cost,
            memory_cost=self.memory_kib,
            parallelism=self.parallelism,
        )


#: From OWASP's password storage cheat sheet; 10 to 20 ms. argon2-cffi's default costs five times as
#: much, and so allows a fifth of the logins.
OWASP_PROFILE = HashProfile(memory_kib=19 * 1024, time_cost=2, parallelism=1)

#: Maximum cost of verifying a stored hash, unless new hashes cost more: 256 MiB of memory, and
#: 1 GiB in all passes, about a second. The parameters are in the hash, which may be imported.
_MAX_MEMORY_KIB = 256 * 1024
_MAX_WORK_KIB = 1024 * 1024
_MAX_PARALLELISM = 16
#: Lengths of argon2 salts and hashes in bytes; no system writes others.
_SALT_SIZES = range(8, 65)
_HASH_SIZES = range(16, 129)

#: Maximum length of a stored hash.
_MAX_CHARACTERS = 512

#: Generous for a passphrase, and so short that reading it costs nothing compared to its hash.
MAX_PASSWORD_CHARACTERS = 1024


class HasherOverloaded(Rejected):
    """No core became free for a hash in time, or there is too little memory."""

    def __init__(self) -> None:
        super().__init__(
            LOGIN_BUSY, "Too many people are logging in; try again soon", retry_after=1
        )


#: Callers that may wait for one core.
WAITING_PER_CORE = 8


class Passwords:
    """Hash and verify passwords with one profile.

    Hashing releases the GIL, so several threads can use all cores. More than one hash per core
    slows all of them down and takes memory for each; hence the bound.

    Args:
        profile: the parameters of new hashes; older hashes keep theirs until they are renewed.
        concurrency: maximum number of simultaneous hashes, by default the number of cores this
            process may use.
        patience: seconds a caller waits for a core before :class:`HasherOverloaded` is raised.

    At most :data:`WAITING_PER_CORE` callers wait for each core; the next one fails immediately, so
    that a flood of logins cannot occupy every thread of a server.
    """

    def __init__(
        self,
        profile: HashProfile = OWASP_PROFILE,
        *,
        concurrency: int | None = None,
        patience: float = 5.0,
    ) -> None:
        #: Entered for the time of a hash and the wait for a core, without the GIL for most of it. A
        #: server with few threads lets another one run.
        self.while_waiting: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext
        self._parameters = profile.parameters()
        self._use(concurrency or usable_cores())
        self._patience = patience
        self._decoy_hash = _random_hash(self._parameters)

    def share_cores(self, processes: int) -> None:
        """Limit the number of simultaneous hashes to a share of the cores.

        The limit is twice the share of each process: logins are not distributed evenly at every
        moment, and while one process has a queue, the core of another would be idle. Must not be
        called while a hash is being computed.
        """
        cores = usable_cores()
        self._use(min(cores, 2 * math.ceil(cores / processes)))

    def _use(self, cores: int) -> None:
        capacity = self._capacity = cores * (1 + WAITING_PER_CORE)
        self._cores = PerProcess(lambda: threading.BoundedSemaphore(cores))
        self._slots = PerProcess(lambda: threading.BoundedSemaphore(capacity))

    @property
    def capacity(self) -> int:
        """Return the maximum number of hashes that run or wait for a core."""
        return self._capacity

    @property
    def waiting(self) -> int:
        """Return the number of hashes that run or wait for a core."""
        return self._capacity - self._slots()._value

    def hash(self, password: str) -> str:
        """Return the encoded hash of a password, with a new random salt.

        Raises:
            HasherOverloaded: if no core became free in time.
        """
        salt, secret = secrets.token_bytes(_SALT_BYTES), _as_bytes(password)
        with self._one_core():
            digest = derive(self._parameters, salt, secret)
        return Argon2Hash(self._parameters, salt, digest).encoded()

    def verify(self, password_hash: str, password: str) -> bool:
        """Tell whether the hash, our own or an imported one, matches this password.

        A stored value that is not a hash, or that would cost too much, matches no password, and
        takes as long as one of ours.

        Raises:
            HasherOverloaded: if no core became free in time.
        """
        with self._one_core():
            try:
                argon2 = _argon2(password_hash)
                if argon2 is None:
                    return verify_imported(password_hash, password)
                return self._matches(argon2, password)
            except (UnusableHash, NotArgon2):
                self._decoy_hash.matches(_as_bytes(password))
                return False

    def verify_decoy(self, password: str) -> None:
        """Do the work of :meth:`verify` for a user who does not exist.

        Without it the response time would reveal which e-mail addresses have an account.

        Raises:
            HasherOverloaded: if no core became free in time.
        """
        with self._one_core():
            self._decoy_hash.matches(_as_bytes(password))

    def check_hash(self, password_hash: str) -> None:
        """Reject a hash that :meth:`verify` could not verify, before it is stored.

        Raises:
            UnusableHash: if its kind is not supported, or it would cost too much.
        """
        if len(password_hash) > _MAX_CHARACTERS:
            raise UnusableHash(f"it has more than {_MAX_CHARACTERS} characters")
        argon2 = _argon2(password_hash)
        if argon2 is None:
            check_imported(password_hash)
            return
        try:
            self._accepted(argon2)
        except NotArgon2 as error:
            raise UnusableHash("it looks like an argon2 hash but is malformed") from error

    def needs_rehash(self, password_hash: str) -> bool:
        """Tell whether a hash has other parameters than this profile, or is of another kind."""
        if not password_hash.startswith(ARGON2):
            return True
        return read_argon2(password_hash).parameters != self._parameters

    def _matches(self, argon2: str, password: str) -> bool:
        read = self._accepted(argon2)
        if read.parameters == self._parameters:
            return read.matches(_as_bytes(password))
        # It may come from software that does not normalise passwords.
        return any(read.matches(form) for form in password_forms(password))

    def _accepted(self, argon2: str) -> Argon2Hash:
        """Return an argon2 hash; raise ``UnusableHash`` for one that exceeds a bound."""
        read = read_argon2(argon2)
        costs, own = read.parameters, self._parameters
        if (
            costs.memory_cost > max(_MAX_MEMORY_KIB, own.memory_cost)
            or costs.memory_cost * costs.time_cost
            > max(_MAX_WORK_KIB, own.memory_cost * own.time_cost)
            or costs.parallelism > max(_MAX_PARALLELISM, own.parallelism)
        ):
            raise UnusableHash(
                f"argon2 is accepted up to {_MAX_MEMORY_KIB >> 10} MiB of memory, "
                f"{_MAX_WORK_KIB >> 10} MiB in all passes, and {_MAX_PARALLELISM} lanes"
            )
        if len(read.salt) not in _SALT_SIZES or len(read.digest) not in _HASH_SIZES:
            raise NotArgon2
        return read

    @contextlib.contextmanager
    def _one_core(self) -> Iterator[None]:
        slots, cores = self._slots(), self._cores()
        if not slots.acquire(blocking=False):
            raise HasherOverloaded
        try:
            with self.while_waiting():
                if not cores.acquire(timeout=self._patience):
                    raise HasherOverloaded
                try:
                    yield
                except MemoryError as error:
                    raise HasherOverloaded from error
                finally:
                    cores.release()
        finally:
            slots.release()


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
    # (NIST SP 800-63B-4 section 3.1.1.2). A client may send lone surrogates: "surrogatepass".
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _random_hash(parameters: Parameters) -> Argon2Hash:
    # Random bytes as salt and hash: verifying it takes the full work, and no one, including us,
    # knows a password that matches.
    salt, digest = map(secrets.token_bytes, (_SALT_BYTES, _HASH_BYTES))
    return Argon2Hash(parameters, salt, digest)
