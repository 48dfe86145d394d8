"""The two measured extensions, through the names that they share."""

import importlib
from collections.abc import Callable
from typing import Any, Protocol, cast

from flask import Flask

WATCHWORD = "Watchword"
FJE = "Flask-JWT-Extended"

_MODULES = {FJE: "flask_jwt_extended", WATCHWORD: "flask_watchword"}

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Manager(Protocol):
    """The part of `JWTManager` that the benchmark uses."""

    token_in_blocklist_loader: Decorator
    user_lookup_loader: Decorator


class Extension(Protocol):
    """The part of either package that the benchmark uses."""

    def JWTManager(self, app: Flask) -> Manager: ...  # noqa: N802  the packages spell it so
    def jwt_required(self, *, locations: str | None = None) -> Decorator: ...
    def get_jwt_identity(self) -> Any: ...
    def create_access_token(self, identity: str) -> str: ...
    def create_refresh_token(self, identity: str) -> str: ...


def extension(name: str) -> Extension:
    """Import one of the two."""
    return cast(Extension, importlib.import_module(_MODULES[name]))
