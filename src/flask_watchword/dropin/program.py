"""Run a program as ``python`` does, with ``flask_jwt_extended`` provided by Watchword."""

import builtins
import os
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NoReturn
from zipfile import is_zipfile

from flask_watchword.dropin.finder import SERVED, install

USAGE = "usage: python -m flask_watchword.dropin (-m MODULE | SCRIPT) [ARGUMENT ...]"


def main(arguments: list[str]) -> None:
    """Run the program that the arguments name, as ``python`` would with these arguments.

    Args:
        arguments: ``-m``, a module and its arguments, or the path of a script and its arguments.

    Raises:
        SystemExit: raised by the program, or with status 2 when the arguments name no program.
    """
    match arguments:
        case ["-m", program, *rest]:
            run: Callable[[str, list[str]], None] = _run_module
        case [program, *rest] if not program.startswith("-"):
            run = _run_script
        case _:
            _exit(USAGE, 2)
    install()
    serve_children()
    run(program, rest)


def serve_children() -> None:
    """Set ``PYTHONPATH``, so that Python processes started by the program get the package too.

    ``sys.path`` is changed as if it had been set for this process, because ``multiprocessing``
    passes it on.
    """
    inherited = os.environ.get("PYTHONPATH")
    paths = inherited.split(os.pathsep) if inherited else []
    if str(SERVED) not in paths:
        os.environ["PYTHONPATH"] = os.pathsep.join([str(SERVED), *paths])
    if str(SERVED) not in sys.path:
        sys.path.insert(0 if sys.flags.safe_path else 1, str(SERVED))


def _run_module(name: str, arguments: list[str]) -> None:
    spec = _find(name)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = _find(f"{name}.__main__")
    if spec is None or spec.origin is None:
        _exit(f"{sys.executable}: No module named {name}", 1)
    sys.argv = [spec.origin, *arguments]
    _execute_spec(spec)


def _find(name: str) -> ModuleSpec | None:
    try:
        return find_spec(name)
    except ModuleNotFoundError as error:
        if name.startswith(f"{error.name}."):
            return None  # one of its parents is missing, not a module that a parent imports
        raise


def _run_script(script: str, arguments: list[str]) -> None:
    path = Path(script)
    absolute = os.path.join(os.getcwd(), script)  # noqa: PTH118, PTH109 - Path drops a `./`
    if not path.exists():
        _exit(f"{sys.executable}: can't open file '{absolute}'", 2)
    sys.argv = [script, *arguments]
    if not sys.flags.safe_path:
        del sys.path[0]  # the current directory, which `-m flask_watchword.dropin` has added
    if path.is_dir() or is_zipfile(path):
        _run_archive(absolute)
        return
    if not sys.flags.safe_path:
        sys.path.insert(0, str(path.resolve().parent))
    loader = SourceFileLoader("__main__", absolute)
    code = compile(loader.get_data(absolute), absolute, "exec", dont_inherit=True)
    _execute(code, __file__=absolute, __loader__=loader)


def _run_archive(path: str) -> None:
    """Run the ``__main__.py`` of a directory or a zip file."""
    sys.path.insert(0, path)
    spec = PathFinder.find_spec("__main__", [path])
    if spec is None:
        _exit(f"{sys.executable}: can't find '__main__' module in '{path}'", 1)
    _execute_spec(spec)


def _execute_spec(spec: ModuleSpec) -> None:
    # Some loaders have the method without a base class that declares it.
    get_code = getattr(spec.loader, "get_code", None)
    code = get_code(spec.name) if get_code is not None else None
    if code is None:
        _exit(f"{sys.executable}: No code object available for {spec.name}", 1)
    _execute(
        code,
        __cached__=spec.cached,
        __file__=spec.origin,
        __loader__=spec.loader,
        __package__=spec.parent,
        __spec__=spec,
    )


def _execute(code: CodeType, **facts: Any) -> None:
    """Execute code as the main module, which stays in place afterwards.

    The standard library's ``runpy`` removes the main module at the end, when threads of the program
    may still be running, and puts other paths into ``sys.argv``.
    """
    program = ModuleType("__main__")
    vars(program).update({"__builtins__": builtins, "__cached__": None, **facts})
    sys.modules["__main__"] = program
    exec(code, vars(program))  # noqa: S102 - the program to run


def _exit(message: str, status: int) -> NoReturn:
    sys.stderr.write(message + "\n")
    raise SystemExit(status)
