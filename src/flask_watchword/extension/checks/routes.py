"""The routes of an application and their protections, to find a forgotten decorator.

Protections are found where a decorator was applied: to a view, to a class or one of its methods, to
every method of a class, and to a ``before_request`` function. A function that calls
``verify_jwt_in_request()`` itself cannot be distinguished from one that does not.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from flask import Flask
from flask.views import MethodView
from werkzeug.routing import Rule

from flask_watchword.extension.checks.misplaced import misplaced_decorators
from flask_watchword.extension.verification.route_metadata import Protection, protections_of


class Route(NamedTuple):
    """One HTTP method of one path.

    Attributes:
        method: the HTTP method.
        path: the URL rule.
        endpoint: the endpoint name.
        protections: what it is protected by, the outermost first.
        misplaced: decorators above ``@app.route``, which have no effect, the outermost first.
    """

    method: str
    path: str
    endpoint: str
    protections: tuple[Protection, ...]
    misplaced: tuple[Protection, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether a request without a token is accepted and the view is not declared public."""
        return not any(
            protection.needs_token or protection.is_public for protection in self.protections
        )


def routes_of(app: Flask) -> Iterator[Route]:
    """Yield the routes of an application, in registration order.

    Automatic ``HEAD`` and ``OPTIONS`` are omitted: the first is the same as ``GET``, the second
    never reaches a view.
    """
    misplaced = {each.endpoint: each.protections for each in misplaced_decorators(app)}
    for rule in app.url_map.iter_rules():
        view = app.view_functions.get(rule.endpoint)
        if view is None:
            continue
        before = tuple(_protections_before(app, rule.endpoint))
        for method in _methods_of(rule):
            # A preflight request carries no credentials, so decorators let this method through.
            passed = method == "OPTIONS"
            protections = () if passed else (*before, *_protections_on(view, method))
            lost = () if passed else misplaced.get(rule.endpoint, ())
            yield Route(method, rule.rule, rule.endpoint, protections, lost)


def _methods_of(rule: Rule) -> Iterable[str]:
    methods = set(rule.methods or ())
    if "GET" in methods:
        methods.discard("HEAD")
    if getattr(rule, "provide_automatic_options", True):
        methods.discard("OPTIONS")
    return sorted(methods)


def _protections_before(app: Flask, endpoint: str) -> Iterator[Protection]:
    """Yield the protections in ``before_request`` functions of the application and blueprints."""
    parts = endpoint.split(".")[:-1]
    blueprints = [".".join(parts[: length + 1]) for length in range(len(parts))]
    for name in (None, *blueprints):
        for function in app.before_request_funcs.get(name, ()):
            yield from protections_of(function)


def _protections_on(view: Any, method: str) -> Iterator[Protection]:
    yield from protections_of(view)
    kind = getattr(view, "view_class", None)
    if kind is None:
        return
    yield from protections_of(kind.dispatch_request)
    if issubclass(kind, MethodView):
        yield from protections_of(_decorated(kind, method))


def _decorated(kind: type[MethodView], method: str) -> Any:
    """Return a method of a class with its decorators.

    Flask-RESTful and Flask-RESTX apply ``method_decorators`` again for each request.
    """
    name = method.lower()
    handler = getattr(kind, name, None) or getattr(kind, "get", None)
    decorators: Any = getattr(kind, "method_decorators", ())
    if isinstance(decorators, Mapping):
        decorators = decorators.get(name, ())
    for decorate in decorators:
        handler = decorate(handler)
    return handler
