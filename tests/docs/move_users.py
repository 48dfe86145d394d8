"""The snippets of the page on moving users."""

import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "move-users.md"


def code(system: str) -> str:
    """Return the Python snippet of a system."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(rf"^## {system}\n.*?```python\n(.*?)```", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def snippet(system: str) -> dict[str, Any]:
    """Return the functions of a snippet, which is not run."""
    defined, _, _ = code(system).partition("\nwith open(")
    names: dict[str, Any] = {}
    exec(compile(defined, PAGE.name, "exec"), names)  # noqa: S102 - it is ours
    return names
