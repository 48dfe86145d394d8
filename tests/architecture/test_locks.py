"""Locks are created where they can be recreated: see `locks.py`."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "flask_watchword"

PRIMITIVES = {"Lock", "RLock", "Condition", "Event", "Semaphore", "BoundedSemaphore", "Barrier"}

#: Calls that create a lock for the duration of a call, or inside a ``PerProcess``.
ALLOWED = {
    "locks.py": "makes them",
    "fork_safety.py": "_GateState is made by a PerProcess",
    "infra/http/remote_keys.py": "one event for each fetch",
    "cli/serving/bodies.py": "made in a worker, which is not patched",
    "cli/serving/engine.py": "made in a worker, which is not patched",
    "cli/serving/lane.py": "made in a worker, which is not patched",
}


def eager(tree: ast.AST) -> Iterator[int]:
    """Yield the lines that create a primitive immediately instead of in a lambda."""
    late = {
        id(made)
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda)
        for made in ast.walk(node)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in PRIMITIVES
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "threading"
            and id(node) not in late
        ):
            yield node.lineno


def test_no_lock_is_created_before_a_fork_or_monkey_patching() -> None:
    found = {
        f"{path.relative_to(PACKAGE).as_posix()}:{line}"
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).as_posix() not in ALLOWED
        for line in eager(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == set()


def test_patched_names_are_not_imported_directly() -> None:
    imported = {
        f"{path.relative_to(PACKAGE).as_posix()}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and node.module in {"threading", "time", "select", "socket", "queue"}
        and {name.name for name in node.names} - {"perf_counter", "monotonic"}
    }
    assert imported == set()


def test_fork_hooks_are_registered_in_one_module() -> None:
    # A second module would call its hooks in another order, and would fail on Windows without the
    # check.
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "os.register_at_fork" in path.read_text(encoding="utf-8")
    }
    assert found == {"fork_safety.py"}
