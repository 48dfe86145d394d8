"""JWT authentication for Flask: Flask-JWT-Extended's API on an engine of its own."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

#: Modules that Flask-JWT-Extended has as well: they are attributes without being imported first.
_MODULES = frozenset(
    {
        "config",
        "default_callbacks",
        "exceptions",
        "internal_utils",
        "jwt_manager",
        "tokens",
        "typing",
        "utils",
        "view_decorators",
    }
)

if TYPE_CHECKING:
    from flask_watchword.extension.public import *  # noqa: F403 - the list of public names
    from flask_watchword.service.watchword import Watchword as Watchword
else:
    # The public names are imported at their first use (PEP 562): the command line imports this
    # package too, and starts faster without Flask.

    def __getattr__(name: str) -> Any:
        if name in _MODULES:
            return import_module(f"flask_watchword.{name}")
        if name == "Watchword":  # not among the others: it needs the extra `service`
            return import_module("flask_watchword.service.watchword").Watchword
        if name.startswith("_") and name != "__all__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals().update(_public_names())
        try:
            return globals()[name]
        except KeyError:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None

    def __dir__() -> list[str]:
        return sorted({*globals(), *_public_names(), *_MODULES})

    def _public_names() -> dict[str, Any]:
        module = import_module("flask_watchword.extension.public")
        names = {name: value for name, value in vars(module).items() if not name.startswith("_")}
        return {**names, "__all__": sorted(names)}
