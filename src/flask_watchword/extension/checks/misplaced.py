"""Decorators of the package that stand above ``@app.route``, where they protect nothing.

``@app.route`` registers the function that it is given and returns it. A decorator above it wraps
that function, and Flask never calls what the decorator returns: the view is open.

What was decorated is noted by weak reference, so that nothing is kept alive. A function that is
registered both with and without a decorator is meant to be open as well.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from inspect import unwrap
from types import FunctionType, MethodType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from flask import Flask

from flask_watchword.extension.caller_warnings import warn_at_function, warn_caller
from flask_watchword.extension.errors import UnprotectedViewWarning
from flask_watchword.extension.verification.route_metadata import Protection, protections_of

#: The protections of the decorators that a function was given to, the outermost first.
_decorated: WeakKeyDictionary[Any, tuple[Protection, ...]] = WeakKeyDictionary()


class Misplaced(NamedTuple):
    """A function that Flask calls without decorators that were put on it.

    Attributes:
        function: what Flask calls.
        protections: the decorators that have no effect, the outermost first.
        endpoint: the endpoint that it serves; ``None`` where it runs before requests.
    """

    function: Any
    protections: tuple[Protection, ...]
    endpoint: str | None

    @property
    def fault(self) -> str:
        """What is wrong, in a sentence."""
        have = "has" if len(self.protections) == 1 else "have"
        if self.endpoint is None:
            name = getattr(self.function, "__name__", repr(self.function))
            where = f"{name!r}, which runs before requests"
        else:
            where = f"the endpoint {self.endpoint!r}"
        return (
            f"{self._decorators} {have} no effect on {where}: Flask registered the function before "
            "it was decorated, and calls it undecorated"
        )

    @property
    def remedy(self) -> str:
        """What to do, in a sentence."""
        registered_by = "@app.before_request" if self.endpoint is None else "@app.route"
        return f"put {registered_by} above {self._decorators}"

    @property
    def _decorators(self) -> str:
        return " and ".join(f"@{protection.text}" for protection in self.protections)


def note_decorated(view: Any, protection: Protection) -> None:
    """Note that a decorator was put on a view, and on what other decorators made it of."""
    for member in _chain(view):
        # A bound method is another object at each access, and REST frameworks decorate one at each
        # request.
        if isinstance(member, MethodType):
            return
        with suppress(TypeError):  # what has no hash or no weak reference is not a function
            noted = _decorated.get(member, ())
            if protection not in noted:
                _decorated[member] = (protection, *noted)


def misplaced_decorators(app: Flask) -> list[Misplaced]:
    """Return the functions that an application calls without decorators that were put on them."""
    registered = [(endpoint, _exposed(view)) for endpoint, view in app.view_functions.items()]
    before = [_exposed(one) for functions in app.before_request_funcs.values() for one in functions]
    for exposed in (*(each for _, each in registered), *before):
        for member in exposed.protected:
            # It is registered with a decorator, so that it is registered without one is no mistake.
            _decorated.pop(member, None)
    found = [_misplaced(exposed, endpoint) for endpoint, exposed in registered]
    found += [_misplaced(exposed, None) for exposed in before]
    return [each for each in found if each is not None]


def described(found: Sequence[Misplaced]) -> tuple[str, str]:
    """Return what is wrong with all of some functions, and what to do."""
    faults, remedies = [each.fault for each in found], [each.remedy for each in found]
    return "; ".join(faults), "; ".join(dict.fromkeys(remedies))


def warn_of_misplaced_decorators(app: Flask) -> None:
    """Warn of each function that is called without its decorators, at the function's first line."""
    for each in misplaced_decorators(app):
        function, message = _written(each.function), f"{each.fault}; {each.remedy}"
        if function is not None:
            warn_at_function(function, message, UnprotectedViewWarning)
        else:
            warn_caller(message, UnprotectedViewWarning)


def _written(function: Any) -> FunctionType | None:
    """Return the function as the application wrote it; of a class the one that comes first."""
    kind = getattr(function, "view_class", None)
    candidates = [unwrap(one) for one in (vars(kind).values() if kind else [function])]
    functions = [one for one in candidates if isinstance(one, FunctionType)]
    return min(functions, key=lambda one: one.__code__.co_firstlineno, default=None)


class _Exposed(NamedTuple):
    """What of a registered function runs without a decorator of the package, and what with one."""

    open: tuple[Any, ...]
    protected: tuple[Any, ...]


def _exposed(registered: Callable[..., Any]) -> _Exposed:
    members = list(_chain(registered))
    kind = getattr(registered, "view_class", None)
    if kind is not None:
        members.append(kind)
    for position, member in enumerate(members):
        if _adds_protection(member):
            return _Exposed(tuple(members[: position + 1]), tuple(members[position + 1 :]))
    return _Exposed(tuple(members), ())


def _chain(function: Any) -> Iterator[Any]:
    """Yield a function and what it wraps, as far as ``functools.wraps`` tells."""
    seen: set[int] = set()
    while function is not None and id(function) not in seen:
        seen.add(id(function))
        yield function
        function = getattr(function, "__wrapped__", None)


def _adds_protection(member: Any) -> bool:
    # A decorator of the application's copies the protections of what it wraps, and adds none.
    return len(protections_of(member)) > len(protections_of(getattr(member, "__wrapped__", None)))


def _misplaced(exposed: _Exposed, endpoint: str | None) -> Misplaced | None:
    protections: list[Protection] = []
    for member in exposed.open:
        with suppress(TypeError):
            protections += [
                protection
                for protection in _decorated.get(member, ())
                if protection not in protections
            ]
    return Misplaced(exposed.open[0], tuple(protections), endpoint) if protections else None
