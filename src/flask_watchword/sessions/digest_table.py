"""Expiry times by digests of text, in arrays: for a million revocations in each process.

A dictionary of a million texts has two million objects, which take hundreds of megabytes, and whose
reference counts a forked worker cannot read without copying their memory. An array is one object.
"""

from array import array
from collections.abc import Iterable, Iterator
from itertools import repeat

#: Types of arrays: integers of 64 bits, and of 32 bits without a sign.
_DIGESTS, _TIMES = "q", "I"
#: The latest time that 32 bits hold, in 2106.
_LATEST = 2.0**32 - 1

#: The digest of an empty text would be that of an empty slot.
_INSTEAD_OF_ZERO = 1

#: Slots that :meth:`DigestTable.parts` reads at a time: copying them takes about a millisecond.
PART = 2_048


def as_digests(values: Iterable[str]) -> "array[int]":
    """Return the digests of texts: Python's hashes, which have a secret key in each process.

    A text that was not added is found by mistake with a probability of one in 2**64 for each entry:
    in ten million sessions and a million entries less than once in a million times.
    """
    return array(_DIGESTS, map(hash, values))


def as_times(times: Iterable[float]) -> "array[int]":
    """Return times as whole seconds, rounded down."""
    return array(_TIMES, map(int, map(min, times, repeat(_LATEST))))


class DigestTable:
    """A hash table with open addressing. One thread writes; readers take no lock.

    It takes 32 to 64 bytes for each entry that it was made for, and never grows.

    Args:
        entries: for how many entries it is; with more, look-ups become slower.

    Attributes:
        marks: a byte for some bits of a digest, not 0 if an entry has these bits. Seven of eight
            other texts are recognized by it, with a single access to memory.
        marks_mask: these bits.
        capacity: for how many entries it has room.
        changes: how many times entries were added.
    """

    def __init__(self, entries: int) -> None:
        slots = 1 << max(12, (2 * entries - 1).bit_length())
        self.capacity = slots // 2
        self.changes = 0
        self.marks = bytearray(4 * slots)
        self.marks_mask = 4 * slots - 1
        self._mask = slots - 1
        self._digests = array(_DIGESTS, [0]) * slots
        self._times = array(_TIMES, [0]) * slots
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, value: str) -> bool:
        digest = hash(value)
        return self.marks[digest & self.marks_mask] == 1 and self.has(digest)

    def has(self, digest: int) -> bool:
        """Tell whether an entry has a digest, without looking at its mark first."""
        digests, mask = self._digests, self._mask
        digest = digest or _INSTEAD_OF_ZERO
        slot = digest & mask
        while known := digests[slot]:
            if known == digest:
                return True
            slot = slot + 1 & mask
        return False

    def add(self, digests: Iterable[int], times: Iterable[int]) -> None:
        """Add entries with the times at which they expire; of two for one digest the later applies.

        There must be room for them.
        """
        table, expiries, marks = self._digests, self._times, self.marks
        mask, marks_mask, added = self._mask, self.marks_mask, 0
        for digest, expires_at in zip(digests, times, strict=True):
            # The digest comes last: a process may be forked between two of these lines.
            marks[digest & marks_mask] = 1
            digest = digest or _INSTEAD_OF_ZERO
            slot = digest & mask
            while known := table[slot]:
                if known == digest:
                    break
                slot = slot + 1 & mask
            else:
                added += 1
            if expires_at > expiries[slot]:
                expiries[slot] = expires_at
            table[slot] = digest
        self._count += added
        self.changes += 1

    def parts(self, now: float) -> Iterator[tuple[list[int], list[int]]]:
        """Yield the digests and the expiry times that are later than ``now``, part by part."""
        for start in range(0, len(self._digests), PART):
            part = slice(start, start + PART)
            live = [
                (digest, expires_at)
                for digest, expires_at in zip(self._digests[part], self._times[part], strict=True)
                if digest and expires_at > now - 1.0  # they were rounded down
            ]
            yield [digest for digest, _ in live], [expires_at for _, expires_at in live]
