"""Detect changes of ``app.config`` without reading it.

Options that an application sets after ``JWTManager(app)`` apply from the next request. Reading and
comparing a dozen of them at each request would cost as much as the rest of the verification, so the
configuration gets a new version, an object compared by identity, at each write.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flask import Config

#: The attribute of the configuration with the version of its last write.
VERSION = "_watchword_version"


class Watched:
    """Mixed into the class of ``app.config``: every write sets a new version."""


def _versioned(name: str) -> Callable[..., Any]:
    def write(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return getattr(super(Watched, self), name)(*args, **kwargs)
        finally:
            # After the write: a reader that takes the version before the values gets an old version
            # at worst, and reads the values again.
            setattr(self, VERSION, object())

    write.__name__ = name
    return write


for _name in (
    "__setitem__",
    "__delitem__",
    "__ior__",
    "clear",
    "pop",
    "popitem",
    "setdefault",
    "update",
):
    setattr(Watched, _name, _versioned(_name))


class WatchedConfig(Watched, Config):
    """Flask's configuration, watched."""


def watch(config: Config) -> object:
    """Return the version of a configuration, and change its class so that writes set a new one.

    A configuration whose class cannot be changed, such as a plain dictionary in its place, has no
    version: it is read again at each request.
    """
    version: object | None = getattr(config, VERSION, None)
    if version is None:
        version = object()
        with suppress(AttributeError, TypeError):
            # The class first: a version on an object of another class would never change.
            config.__class__ = _watched_class(type(config))
            setattr(config, VERSION, version)
    return version


def _watched_class(config_class: type[Config]) -> type[Config]:
    if issubclass(config_class, Watched):
        return config_class  # another thread was faster, and is about to set the version
    if config_class is Config:
        return WatchedConfig
    return type(f"Watched{config_class.__name__}", (Watched, config_class), {})
