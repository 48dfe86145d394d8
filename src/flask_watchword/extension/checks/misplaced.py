"""Find decorators above ``@app.route``, where they do not protect the view.

``@app.route`` registers the function it decorates and returns it. A decorator above it wraps that
function, and Flask never calls the wrapper: the view is open.

Decorated functions are recorded by weak reference. A function that is registered both with and
without a decorator is intentionally open.
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

#: The protections of each decorated function, the outermost first.
_decorated: WeakKeyDictionary[Any, tuple[Protection, ...]] = WeakKeyDictionary()


class Misplaced(NamedTuple):
    """A function that Flask calls without some of its decorators.

    Attributes:
        function: the function that Flask calls.
        protections: the decorators that have no effect, the outermost first.
        endpoint: its endpoint; ``None`` for a ``before_request`` function.
    """

    function: Any
    protections: tuple[Protection, ...]
    endpoint: str | None

    @property
    def fault(self) -> str:
        """The problem, in a sentence."""
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
        """The remedy, in a sentence."""
        registered_by = "@app.before_request" if self.endpoint is None else "@app.route"
        return f"put {registered_by} above {self._decorators}"

    @property
    def _decorators(self) -> str:
        return " and ".join(f"@{protection.text}" for protection in self.protections)


def note_decorated(view: Any, protection: Protection) -> None:
    """Record a decorated view, and the functions that it wraps."""
    for member in _chain(view):
        # Each access to a bound method returns another object, and REST frameworks decorate one for
        # each request.
        if isinstance(member, MethodType):
            return
        with suppress(TypeError):  # an object without a hash or weak references is not a function
            noted = _decorated.get(member, ())
            if protection not in noted:
                _decorated[member] = (protection, *noted)


def misplaced_decorators(app: Flask) -> list[Misplaced]:
    """Return the functions that an application calls without some of their decorators."""
    registered = [(endpoint, _exposed(view)) for endpoint, view in app.view_functions.items()]
    before = [_exposed(one) for functions in app.before_request_funcs.values() for one in functions]
    for exposed in (*(each for _, each in registered), *before):
        for member in exposed.protected:
            # It is registered with a decorator as well, so the registration without is intended.
            _decorated.pop(member, None)
    found = [_misplaced(exposed, endpoint) for endpoint, exposed in registered]
    found += [_misplaced(exposed, None) for exposed in before]
    return [each for each in found if each is not None]


def described(found: Sequence[Misplaced]) -> tuple[str, str]:
    """Return the problem and the remedy for several functions."""
    faults, remedies = [each.fault for each in found], [each.remedy for each in found]
    return "; ".join(faults), "; ".join(dict.fromkeys(remedies))


def warn_of_misplaced_decorators(app: Flask) -> None:
    """Warn about each function that is called without its decorators, at its first line."""
    for each in misplaced_decorators(app):
        function, message = _source_function(each.function), f"{each.fault}; {each.remedy}"
        if function is not None:
            warn_at_function(function, message, UnprotectedViewWarning)
        else:
            warn_caller(message, UnprotectedViewWarning)


def _source_function(function: Any) -> FunctionType | None:
    """Return the function in the application's source; the first method of a class."""
    kind = getattr(function, "view_class", None)
    candidates = [unwrap(one) for one in (vars(kind).values() if kind else [function])]
    functions = [one for one in candidates if isinstance(one, FunctionType)]
    return min(functions, key=lambda one: one.__code__.co_firstlineno, default=None)


class _Exposed(NamedTuple):
    """The functions in a wrapper chain that run without a protection, and those with one."""

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
    """Yield a function and the functions it wraps, according to ``functools.wraps``."""
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
