"""A bounded cache that drops the least recently used half."""

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class TokenCache(dict[K, V | None]):
    """Keep at most ``size`` entries, and drop the least recently used ones.

    ``cache[key]`` returns the value, or ``None`` if there is none; ``put`` adds one. Instead of a
    linked list there are two generations. The dictionary itself is the young generation. When it
    has half of ``size`` entries it becomes the old generation, and the previous old generation is
    dropped. An entry that is found in the old generation moves to the young one. So a hit is one
    dictionary look-up. There is no lock: each step is one dictionary operation, and a race between
    two threads can at worst lose entries, whose tokens are then verified again.
    """

    __slots__ = ("_half", "_old")

    def __init__(self, size: int) -> None:
        super().__init__()
        self._half = max(1, size // 2)
        self._old: dict[K, V | None] = {}

    def __missing__(self, key: K) -> V | None:
        value = self._old.get(key)
        if value is not None:
            self.put(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        """Add a value."""
        if len(self) >= self._half:
            self._old = self.copy()
            self.clear()
        self[key] = value
