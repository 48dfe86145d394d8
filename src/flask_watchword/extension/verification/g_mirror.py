"""Flask-JWT-Extended's four private names on ``g``, with values of their own for each request.

Used by the drop-in: applications and their tests read and write these names. They look like
attributes of ``g`` but are stored on the request object, so that requests which share an
application context do not see each other's values.
"""

from typing import Any

from flask import Flask, Request, current_app, g, request
from flask.ctx import _AppCtxGlobals

_CLAIMS = "_jwt_extended_jwt"
_HEADER = "_jwt_extended_jwt_header"
_LOCATION = "_jwt_extended_jwt_location"
_USER = "_jwt_extended_jwt_user"
NAMES = frozenset({_CLAIMS, _HEADER, _LOCATION, _USER})

#: The attribute of the request object with their values, by application.
_VALUES = "_watchword_names_on_g"
_ABSENT = object()

#: Claims, header, location, and a dictionary with the user.
Mirrored = tuple[dict[str, Any], dict[str, Any] | None, str | None, dict[str, Any] | None]


def install(app: Flask) -> None:
    """Add the four names to ``g`` of an application, in contexts pushed from now on."""
    base: type = app.app_ctx_globals_class
    if not issubclass(base, _NamesOfRequest):
        named: Any = type(base.__name__, (_NamesOfRequest, base), {})
        app.app_ctx_globals_class = named


def write(
    current: Request,
    app: Flask,
    claims: dict[str, Any],
    header: dict[str, Any],
    location: str | None,
    user: dict[str, Any] | None,
) -> None:
    """Set the four names to the values of a verified token."""
    _values(current, app).update(
        {_CLAIMS: claims, _HEADER: header, _LOCATION: location, _USER: user}
    )


def read() -> Mirrored | None:
    """Return the values of the four names; ``None`` without claims."""
    claims = g.get(_CLAIMS)
    if claims is None:
        return None
    return claims, g.get(_HEADER), g.get(_LOCATION), g.get(_USER)


def _values(current: Request, app: Flask) -> dict[str, Any]:
    by_app: dict[Flask, dict[str, Any]] = current.__dict__.setdefault(_VALUES, {})
    return by_app.setdefault(app, {})


def _name_of_request(name: str) -> property:
    def read(self: "_NamesOfRequest") -> Any:
        value = self.get(name, _ABSENT)
        if value is _ABSENT:
            raise AttributeError(name)
        return value

    return property(read)


class _NamesOfRequest(_AppCtxGlobals):
    """A class for ``g`` that stores the four names on the request.

    Outside of a request they are ordinary attributes. A test may set them there, and a request in
    the same application context reads them until it has its own values.
    """

    _jwt_extended_jwt = _name_of_request(_CLAIMS)
    _jwt_extended_jwt_header = _name_of_request(_HEADER)
    _jwt_extended_jwt_location = _name_of_request(_LOCATION)
    _jwt_extended_jwt_user = _name_of_request(_USER)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in NAMES:
            self._storage()[name] = value
        else:
            super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if name not in NAMES:
            super().__delattr__(name)
        elif self.pop(name, _ABSENT) is _ABSENT:
            raise AttributeError(name)

    def get(self, name: str, default: Any | None = None) -> Any:
        if name in NAMES:
            stored = self._storage()
            if name in stored:
                return stored[name]
        return super().get(name, default)

    def pop(self, name: str, *default: Any) -> Any:
        return self._storage().pop(name, *default) if name in NAMES else super().pop(name, *default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        if name not in NAMES:
            return super().setdefault(name, default)
        if name not in self:
            self._storage()[name] = default
        return self.get(name)

    def __contains__(self, name: str) -> bool:
        return super().__contains__(name) or (name in NAMES and name in self._storage())

    def _storage(self) -> dict[str, Any]:
        if not request:
            return self.__dict__
        return _values(
            request._get_current_object(),  # type: ignore[attr-defined]
            current_app._get_current_object(),  # type: ignore[attr-defined]
        )
