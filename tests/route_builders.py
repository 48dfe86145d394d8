"""Reuse the code that Werkzeug compiles for building URLs of routes.

The applications of most tests have the same routes, and compiling takes two thirds of the time to
create the login service.
"""

from collections.abc import Callable
from typing import Any, cast

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


def keep_route_builders() -> None:
    """Compile each kind of route once in this process.

    The compiled function gets the route as an argument, so routes with the same path may share it.
    Those with defaults are excluded, because the defaults are compiled in.
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
