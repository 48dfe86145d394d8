"""Modules that bear the names of Flask-JWT-Extended's: what of theirs they lack, and replacements.

Tests of applications replace functions of those modules and expect the others to notice. A request
does not look for a replacement: the module passes it on to where the function is used.
"""

import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, ClassVar

_DROP_IN = "run the program under the drop-in, which has it: python -m flask_watchword.dropin"

#: What to use in place of the private functions that make and read tokens.
PUBLIC_CODECS = {
    "_decode_jwt": "flask_watchword.decode_token",
    "_encode_jwt": "flask_watchword.create_access_token",
}


def without_private_names(module: str, instead: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module that lacks private names of Flask-JWT-Extended.

    Args:
        module: the module.
        instead: the public functions that serve the purpose, by private name.
    """

    def missing(name: str) -> Any:
        if name in instead:
            # No AttributeError: `from module import name` would replace its text.
            raise ImportError(
                f"{module} has no {name}, which is private to Flask-JWT-Extended; "
                f"use {instead[name]}, or {_DROP_IN}"
            )
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return missing


def pass_on_replacements(
    module: str, uses: Mapping[str, Callable[[Any], None]], unused: Mapping[str, str]
) -> None:
    """Have a module pass on what its functions are replaced with.

    Args:
        module: the module.
        uses: by name, what is called with the replacement and with the original when it returns.
        unused: what to replace instead, by the name of what the package does not call through the
            module. To replace these raises an error: it would change nothing.
    """
    changed = sys.modules[module]
    originals = {name: vars(changed)[name] for name in unused}

    class Replaceable(ModuleType):
        __slots__: ClassVar = ()

        def __setattr__(self, name: str, value: Any) -> None:
            if name in unused and value is not originals[name]:
                raise AttributeError(
                    f"to replace {module}.{name} changes nothing; "
                    f"replace {unused[name]}, or {_DROP_IN}"
                )
            super().__setattr__(name, value)
            if name in uses:
                uses[name](value)

    changed.__class__ = Replaceable
