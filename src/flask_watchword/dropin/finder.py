"""Import ``flask_jwt_extended`` from the modules in ``served/``."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

#: The name of the provided package.
PACKAGE = "flask_jwt_extended"
#: A directory with a package of that name and nothing else, so it can be on ``sys.path``.
SERVED = Path(__file__).with_name("served")


class _Finder(MetaPathFinder):
    """Find the package in :data:`SERVED`, regardless of ``sys.path``.

    Its modules are found by Python, which searches the package's directory.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return PathFinder.find_spec(PACKAGE, [str(SERVED)]) if fullname == PACKAGE else None


def install() -> None:
    """Provide ``flask_jwt_extended`` from now on, even if it is installed; may be called twice.

    Raises:
        RuntimeError: when another ``flask_jwt_extended`` has already been imported, since parts of
            the program may already use it.
    """
    loaded = sys.modules.get(PACKAGE)
    if loaded is not None and not _is_ours(loaded):
        raise RuntimeError(
            f"{PACKAGE} has been imported already, from {getattr(loaded, '__file__', loaded)!s}; "
            "call flask_watchword.dropin.install() before anything imports it"
        )
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def _is_ours(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and SERVED in Path(file).parents
