"""Read the imports of a module from its source, wherever in the source they are."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import resolve_name
from pathlib import Path

SOURCE_ROOT = Path(__file__).parents[2] / "src"


@dataclass(frozen=True)
class Module:
    """One module of the package: its dotted name, the package it is in, and its source."""

    name: str
    package: str
    source: str


def modules_of(package: str) -> list[Module]:
    """Return every module under ``src/<package>``."""
    return [_module(path) for path in sorted((SOURCE_ROOT / package).rglob("*.py"))]


def _module(path: Path) -> Module:
    parts = path.relative_to(SOURCE_ROOT).with_suffix("").parts
    if parts[-1] == "__init__":
        name = package = ".".join(parts[:-1])
    else:
        name, package = ".".join(parts), ".".join(parts[:-1])
    return Module(name, package, path.read_text(encoding="utf-8"))


def imported_names(module: Module, *, for_types: bool = True) -> Iterator[str]:
    """Yield each import as an absolute dotted name.

    ``from a import b`` yields ``a.b``, since ``b`` may be a module. Imports inside functions and
    under ``TYPE_CHECKING`` count (these not where ``for_types`` is false), as does
    ``import_module`` given a literal.
    """
    for node in _nodes(ast.parse(module.source), for_types):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), module.package)
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and (literal := _dynamic_import(node)):
            yield resolve_name(literal, module.package)


def _nodes(tree: ast.AST, for_types: bool) -> Iterator[ast.AST]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and not for_types and _is_type_checking(node.test):
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)


def _is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def _dynamic_import(call: ast.Call) -> str | None:
    function = call.func.attr if isinstance(call.func, ast.Attribute) else None
    if isinstance(call.func, ast.Name):
        function = call.func.id
    if function not in {"import_module", "__import__"} or not call.args:
        return None
    first = call.args[0]
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
