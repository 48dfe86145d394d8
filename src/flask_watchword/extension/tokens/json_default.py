"""How an application's JSON provider writes values that JSON has no type for."""

from collections.abc import Callable
from inspect import getattr_static
from typing import Any

from flask import Flask
from flask.json.provider import DefaultJSONProvider


def json_default(app: Flask) -> Callable[[Any], Any]:
    """Return the ``default`` function of the application's JSON provider."""
    provider = app.json_provider_class
    found = getattr_static(provider, "default", None)
    if isinstance(found, staticmethod | classmethod):
        default: Callable[[Any], Any] = provider.default  # type: ignore[attr-defined]
        return default
    bound = getattr(app.json, "default", None) if isinstance(app.json, provider) else None
    return bound or DefaultJSONProvider.default
