"""Support for the modules that have the names of Flask-JWT-Extended's modules.

Tests of applications replace functions of those modules. A module passes a replacement on to the
place that uses the function, so a request does not have to look for one.
"""

import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, ClassVar

_DROP_IN = "run the program under the drop-in, which has it: python -m flask_watchword.dropin"

#: Replacements for the private functions that encode and decode tokens.
PUBLIC_CODECS = {
    "_decode_jwt": "flask_watchword.decode_token",
    "_encode_jwt": "flask_watchword.create_access_token",
}


def without_private_names(module: str, instead: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module without private names of Flask-JWT-Extended.

    Args:
        module: the module.
        instead: the public functions to use instead, by private name.
    """

    def missing(name: str) -> Any:
        if name in instead:
            # Not an AttributeError: `from module import name` would replace its text.
            raise ImportError(
                f"{module} has no {name}, which is private to Flask-JWT-Extended; "
                f"use {instead[name]}, or {_DROP_IN}"
            )
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return missing


def pass_on_replacements(
    module: str, uses: Mapping[str, Callable[[Any], None]], unused: Mapping[str, str]
) -> None:
    """Make a module pass on replacements of its functions.

    Args:
        module: the module.
        uses: by function name, what to call with the replacement, and with the original when it
            is restored.
        unused: by function name, what to replace instead. The package does not call these through
            the module, so replacing one would have no effect and raises an error.
    """
    changed = sys.modules[module]
    originals = {name: vars(changed)[name] for name in unused}

    class Replaceable(ModuleType):
        __slots__: ClassVar = ()

        def __setattr__(self, name: str, value: Any) -> None:
            if name in unused and value is not originals[name]:
                raise AttributeError(
                    f"replacing {module}.{name} has no effect; "
                    f"replace {unused[name]}, or {_DROP_IN}"
                )
            super().__setattr__(name, value)
            if name in uses:
                uses[name](value)

    changed.__class__ = Replaceable
