"""PyNaCl, the optional extra: hidden from the process, or available."""

import sys
from importlib.util import find_spec


def hide() -> None:
    """Make every later `import nacl` fail, as it does where the extra is not installed."""
    if any(name.partition(".")[0] == "nacl" for name in sys.modules):
        raise RuntimeError("PyNaCl has been imported already")
    # Python's own marker for a missing module: the import system raises ModuleNotFoundError.
    sys.modules["nacl"] = None  # type: ignore[assignment]


def is_importable() -> bool:
    """Return whether `import nacl` would work in this process."""
    return find_spec("nacl") is not None
