"""Answering ``import flask_jwt_extended`` with the modules in ``served/``."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

#: The name that is served.
PACKAGE = "flask_jwt_extended"
#: A directory that holds a package of that name and nothing else: it may stand on ``sys.path``.
SERVED = Path(__file__).with_name("served")


class _Finder(MetaPathFinder):
    """Find the package in :data:`SERVED`, whatever ``sys.path`` holds.

    Its modules need no answer: Python looks for them where their package is.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return PathFinder.find_spec(PACKAGE, [str(SERVED)]) if fullname == PACKAGE else None


def install() -> None:
    """Serve ``flask_jwt_extended`` from now on, installed or not; to call it twice does no harm.

    Raises:
        RuntimeError: when another ``flask_jwt_extended`` has been imported already, since parts
            of the program may hold on to it.
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
