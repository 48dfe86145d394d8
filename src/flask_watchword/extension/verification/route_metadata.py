"""Metadata on views about how they are protected: for route lists and checks, not for requests."""

from typing import Any, NamedTuple

from flask_watchword.extension.verification.requirements import Requirements

_ATTRIBUTE = "__watchword_protections__"


class Protection(NamedTuple):
    """One decision about who may call a view.

    Attributes:
        text: the decorator as it is written.
        needs_token: whether a request without a token is rejected.
        is_public: whether the view is declared to be open to everyone.
    """

    text: str
    needs_token: bool = True
    is_public: bool = False


#: The metadata of a view that is declared to be open to everyone.
PUBLIC = Protection("public", needs_token=False, is_public=True)


def protections_of(view: Any) -> tuple[Protection, ...]:
    """Return the metadata of a view, the outermost decorator first."""
    protections: tuple[Protection, ...] = getattr(view, _ATTRIBUTE, ())
    return protections


def with_protection(view: Any, protection: Protection) -> Any:
    """Add metadata to a view, in front of what it already has, and return the view.

    ``functools.wraps`` copies the attribute, so it shows through an application's own decorators.
    """
    setattr(view, _ATTRIBUTE, (protection, *protections_of(view)))
    return view


def protection_by_requirements(decorator: str, requirements: Requirements) -> Protection:
    """Return the metadata of a decorator with these requirements."""
    arguments = [
        f"{name}={value!r}"
        for name, value in requirements._asdict().items()
        if value != requirements._field_defaults[name]
    ]
    return Protection(f"{decorator}({', '.join(arguments)})", needs_token=not requirements.optional)


def protection_by_names(decorator: str, names: tuple[str, ...]) -> Protection:
    """Return the metadata of a decorator with these names as arguments."""
    return Protection(f"{decorator}({', '.join(map(repr, names))})")
