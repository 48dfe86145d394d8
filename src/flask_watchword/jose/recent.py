"""A bounded memory of what was looked up lately."""

from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """Keep at most ``size`` entries and drop those that were not asked for the longest.

    Two generations stand in for a linked list: entries are written to the young one; when that
    is half of ``size``, it becomes the old one and the former old one is dropped; an entry found
    in the old one moves to the young. A hit is one dictionary look-up, without a lock: every step
    is one operation on one dictionary, and a race of two threads costs at worst a miss.
    """

    __slots__ = ("_half", "_old", "_young")

    def __init__(self, size: int) -> None:
        self._half = max(1, size // 2)
        self._young: dict[Key, Value] = {}
        self._old: dict[Key, Value] = {}

    def get(self, key: Key) -> Value | None:
        """Return what was put under a key, or ``None``."""
        value = self._young.get(key)
        if value is None:
            value = self._old.get(key)
            if value is not None:
                self.put(key, value)
        return value

    def put(self, key: Key, value: Value) -> None:
        """Put a value under a key."""
        if len(self._young) >= self._half:
            self._old = self._young
            self._young = {}
        self._young[key] = value

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
