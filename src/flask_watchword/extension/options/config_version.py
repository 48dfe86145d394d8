"""Knowing whether ``app.config`` has changed, without reading it.

Options that an application re-sets after ``JWTManager(app)`` count from the next request on. To
read and compare a dozen of them at each request would cost as much as the rest of the check, so
the configuration itself leaves a new mark whenever it is written to.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flask import Config

#: The attribute that holds the mark of the last write.
VERSION = "_watchword_version"


class Watched:
    """Mixed into the class of ``app.config``: every write leaves a new mark."""


def _marking(name: str) -> Callable[..., Any]:
    def write(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return getattr(super(Watched, self), name)(*args, **kwargs)
        finally:
            # After the write: who reads the mark first and the values then sees both old, or
            # reads them once more.
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
    setattr(Watched, _name, _marking(_name))


class WatchedConfig(Watched, Config):
    """Flask's configuration, watched."""


def watch(config: Config) -> object:
    """Return the mark of the last write to a configuration, watching it from now on.

    What cannot be watched, a plain dictionary put in its place say, keeps no mark: it is read anew
    for each request.
    """
    mark: object | None = getattr(config, VERSION, None)
    if mark is None:
        mark = object()
        with suppress(AttributeError, TypeError):
            # The class first: a mark on what is not watched would never change.
            config.__class__ = _watched_class(type(config))
            setattr(config, VERSION, mark)
    return mark


def _watched_class(config_class: type[Config]) -> type[Config]:
    if issubclass(config_class, Watched):
        return config_class  # another thread was faster, and is about to leave its mark
    if config_class is Config:
        return WatchedConfig
    return type(f"Watched{config_class.__name__}", (Watched, config_class), {})
