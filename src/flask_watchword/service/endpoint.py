"""Declare an endpoint once: its route, its access rule, its body and its documentation."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import msgspec
from flask import Blueprint, Response

from flask_watchword.accounts.errors import INVALID_FIELD, ErrorCode
from flask_watchword.service.access import AccessRule
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.error_codes import (
    BODY_TOO_LARGE,
    INVALID_JSON,
    INVALID_REQUEST,
    STORE_UNAVAILABLE,
    UNSUPPORTED_MEDIA_TYPE,
)
from flask_watchword.service.request_parsing import read_body, read_form, read_query

View = Callable[..., Response]

_BODY_ERRORS = (INVALID_JSON, BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, INVALID_FIELD)
_FORM_ERRORS = (INVALID_REQUEST, BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE)


@dataclass(frozen=True, slots=True)
class Content:
    """A response body that is not a plain struct in JSON.

    Attributes:
        media_type: its media type.
        kind: the struct, if the content is JSON.
    """

    media_type: str
    kind: type[msgspec.Struct] | None = None


#: The body of a response: a struct, other content, one of several, or none.
ResponseBody = type[msgspec.Struct] | Content | tuple[type[msgspec.Struct] | Content, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A method and a path, with everything that the route and its documentation need.

    Attributes:
        method: the HTTP method.
        path: the path in Flask's syntax, without the prefix of the service.
        summary: one line for the documentation.
        access: the requests that it accepts.
        responses: the bodies of the successful responses, by status.
        view: the view function. It gets the :class:`ServiceContext` first, and by name the
            variables of the path, ``body``, ``form`` and ``query``.
        body: the struct of the JSON body; ``None`` without one.
        form: the struct of a form body, as OAuth uses; ``None`` without one.
        query: the struct of the query string; ``None`` without one.
        errors: the error codes of this endpoint, beside those of its access rule and its body.
        needs_stores: whether the response is 503 if a store is down.
        is_immediate: whether it never waits, for a store, a password hash or anything else. The
            server of ``watchword serve`` runs it even while every thread waits.
    """

    method: str
    path: str
    summary: str
    access: AccessRule
    responses: Mapping[int, ResponseBody]
    view: View
    body: type[msgspec.Struct] | None = None
    form: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    errors: Sequence[ErrorCode] = ()
    needs_stores: bool = True
    is_immediate: bool = False

    @property
    def name(self) -> str:
        """Return the name of the endpoint, which is the name of its view."""
        return self.view.__name__

    def every_error(self) -> Sequence[ErrorCode]:
        """Return the error codes of the endpoint, without duplicates."""
        return tuple(dict.fromkeys(self._errors()))

    def errors_by_status(self) -> Mapping[int, Sequence[ErrorCode]]:
        """Return the error codes of the endpoint by HTTP status."""
        found: dict[int, list[ErrorCode]] = {}
        for error in self.every_error():
            found.setdefault(error.status, []).append(error)
        return found

    def route(self, blueprint: Blueprint, context: ServiceContext) -> None:
        """Add the route of the endpoint to a blueprint."""
        view = self.access.protect(context, _with_parsed_request(self, context))
        blueprint.add_url_rule(self.path, endpoint=self.name, view_func=view, methods=[self.method])

    def _errors(self) -> Iterable[ErrorCode]:
        yield from self.errors
        yield from self.access.errors_for(self.method)
        if self.body is not None:
            yield from _BODY_ERRORS
        if self.form is not None:
            yield from _FORM_ERRORS
        if self.query is not None:
            yield INVALID_FIELD
        if self.needs_stores:
            yield STORE_UNAVAILABLE


def endpoint(
    method: str,
    path: str,
    *,
    summary: str,
    access: AccessRule,
    responses: Mapping[int, ResponseBody],
    body: type[msgspec.Struct] | None = None,
    form: type[msgspec.Struct] | None = None,
    query: type[msgspec.Struct] | None = None,
    errors: Sequence[ErrorCode] = (),
    needs_stores: bool = True,
    is_immediate: bool = False,
) -> Callable[[View], Endpoint]:
    """Declare a view as an endpoint; takes the attributes of :class:`Endpoint`."""

    def declare(view: View) -> Endpoint:
        return Endpoint(
            method=method,
            path=path,
            summary=summary,
            access=access,
            responses=responses,
            view=view,
            body=body,
            form=form,
            query=query,
            errors=errors,
            needs_stores=needs_stores,
            is_immediate=is_immediate,
        )

    return declare


def _with_parsed_request(declared: Endpoint, context: ServiceContext) -> View:
    @wraps(declared.view)
    def view(**given: Any) -> Response:
        if declared.query is not None:
            given["query"] = read_query(declared.query)
        if declared.body is not None:
            given["body"] = read_body(context, declared.body)
        if declared.form is not None:
            given["form"] = read_form(context, declared.form)
        return declared.view(context, **given)

    return view
