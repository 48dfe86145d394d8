"""What Werkzeug compiles to build the URL of a route, kept for the next application.

The applications of most tests have the same routes, and compiling them takes two thirds of the time
that making the login service takes.
"""

from collections.abc import Callable
from typing import Any, cast

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


def keep_route_builders() -> None:
    """Compile each kind of route once in this process.

    The function that Werkzeug compiles gets the route as an argument, so routes with the same path
    may share it. Those with defaults have them compiled in and are left alone.
    """
    compile_builder: Any = getattr(Rule, "_compile_builder", None)
    if compile_builder is None:  # another release of Werkzeug
        return
    kept: dict[tuple[Any, ...], Builder] = {}

    def kept_or_compiled(rule: Rule, append_unknown: bool = True) -> Builder:
        if rule.defaults:
            return cast(Builder, compile_builder(rule, append_unknown))
        key = (rule.rule, tuple(rule._trace), append_unknown)
        if key not in kept:
            kept[key] = compile_builder(rule, append_unknown)
        return kept[key]

    Rule._compile_builder = kept_or_compiled  # type: ignore[method-assign, assignment]
