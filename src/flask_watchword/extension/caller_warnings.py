"""Warnings that point to a line of the application, not of this package."""

import sys
import warnings
from collections.abc import Callable
from inspect import unwrap
from pathlib import Path
from types import FrameType, FunctionType
from typing import Any

from flask import Flask, current_app, has_request_context, request

_PACKAGE = str(Path(__file__).parents[1])
_FRAMEWORK = frozenset({"flask", "werkzeug"})


def warn_caller(message: str, category: type[Warning]) -> None:
    """Warn at the line of the application that called this package.

    If Flask called the package to handle a request, that is the first line of the view. If the
    framework called a decorator for a class, it is the line that created the view.
    """
    frame = _after(sys._getframe(), _is_ours)
    if _is_framework(frame):
        view = _current_view()
        if view is not None:
            warn_at_function(view, message, category)
            return
        frame = _after(frame, _is_framework)
    _warn(message, category, frame.f_code.co_filename, frame.f_lineno, frame.f_globals)


def warn_at_function(function: FunctionType, message: str, category: type[Warning]) -> None:
    """Warn at the first line of a function, including its decorators."""
    code = function.__code__
    _warn(message, category, code.co_filename, code.co_firstlineno, function.__globals__)


def _warn(
    message: str, category: type[Warning], filename: str, line: int, names: dict[str, Any]
) -> None:
    # As `warnings.warn` does with the globals of the module at `stacklevel`.
    registry = names.setdefault("__warningregistry__", {})
    module = names.get("__name__") or "<unknown>"
    warnings.warn_explicit(message, category, filename, line, module, registry)


def _after(frame: FrameType, is_skipped: Callable[[FrameType], bool]) -> FrameType:
    """Return the nearest caller that is not skipped; the outermost one if all are."""
    while is_skipped(frame) and frame.f_back is not None:
        frame = frame.f_back
    return frame


def _is_ours(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(_PACKAGE)


def _is_framework(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] in _FRAMEWORK


def _current_view() -> FunctionType | None:
    """Return the view function of the current request; ``None`` outside of requests."""
    if not has_request_context() or request.endpoint is None:
        return None
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    view: Any = app.view_functions.get(request.endpoint)
    kind = getattr(view, "view_class", None)
    if kind is not None:
        view = getattr(kind, request.method.lower(), kind.dispatch_request)
    function = unwrap(view) if callable(view) else None
    return function if isinstance(function, FunctionType) else None
