"""What protects a view, written on the view for whoever lists the routes; no request reads it."""

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from flask_watchword.extension.verification.verify import Demand

_MARKS = "__watchword_marks__"


class Mark(NamedTuple):
    """A decision about who may call a view.

    Attributes:
        text: the decorator, as it would be written.
        needs_token: whether whoever has no token is refused.
        is_public: whether the view is declared to be for everybody.
    """

    text: str
    needs_token: bool = True
    is_public: bool = False


#: Of an endpoint that is declared to be for everybody.
PUBLIC = Mark("public", needs_token=False, is_public=True)


def marks_of(view: Any) -> tuple[Mark, ...]:
    """Return what a view is marked with, the outermost first."""
    marks: tuple[Mark, ...] = getattr(view, _MARKS, ())
    return marks


def marked(view: Any, mark: Mark) -> Any:
    """Mark a view, in front of what it is marked with already, and return it.

    ``functools.wraps`` takes marks along, so they are seen through decorators of the application.
    """
    setattr(view, _MARKS, (mark, *marks_of(view)))
    return view


def mark_of_demand(decorator: str, demand: "Demand") -> Mark:
    """Return the mark of a decorator that demands this."""
    said = [
        f"{name}={value!r}"
        for name, value in demand._asdict().items()
        if value != demand._field_defaults[name]
    ]
    return Mark(f"{decorator}({', '.join(said)})", needs_token=not demand.optional)


def mark_of_names(decorator: str, names: tuple[str, ...]) -> Mark:
    """Return the mark of a decorator that is given these names."""
    return Mark(f"{decorator}({', '.join(map(repr, names))})")
