"""A bounded memory of what was looked up lately."""

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class TokenCache(dict[K, V | None]):
    """Keep at most ``size`` entries and drop those that were not asked for the longest.

    ``recent[key]`` is the value, or ``None`` where there is none; ``put`` adds one. Two
    generations stand in for a linked list. The dictionary itself is the young one; when it has
    half of ``size``, its entries become the old ones and the former old ones are dropped; an
    entry that is found among the old ones moves to the young. So a hit is one look-up in a
    dictionary. There is no lock: each step is one operation on one dictionary, and a race of two
    threads costs at worst what was remembered, which is verified again.
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
        """Put a value under a key."""
        if len(self) >= self._half:
            self._old = self.copy()
            self.clear()
        self[key] = value
