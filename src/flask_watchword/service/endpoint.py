"""One endpoint, declared once: what it takes, what it answers, who may ask.

The declaration makes the route, the guard, the reading of body and query, and the description.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from http import HTTPStatus
from typing import Any

import msgspec
from flask import Blueprint, Response

from flask_watchword.service.access import AccessRule
from flask_watchword.service.request_parsing import read_body, read_form, read_query

View = Callable[..., Response]
#: The codes of the refusals under a status.
Codes = tuple[str, ...]

_OF_A_BODY: Mapping[int, Codes] = {
    HTTPStatus.BAD_REQUEST: ("invalid_json",),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("request_entity_too_large",),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("unsupported_media_type",),
    HTTPStatus.UNPROCESSABLE_ENTITY: ("invalid_field",),
}
#: RFC 6749 section 5.2: what is wrong with a form is wrong with the request.
_OF_A_FORM: Mapping[int, Codes] = {
    HTTPStatus.BAD_REQUEST: ("invalid_request",),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("request_entity_too_large",),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("unsupported_media_type",),
}
_OF_A_QUERY: Mapping[int, Codes] = {HTTPStatus.UNPROCESSABLE_ENTITY: ("invalid_field",)}
_OF_A_STORE: Mapping[int, Codes] = {HTTPStatus.SERVICE_UNAVAILABLE: ("store_unavailable",)}


@dataclass(frozen=True, slots=True)
class Content:
    """An answer that is not a plain struct in JSON.

    Attributes:
        media_type: what it is.
        kind: the struct that it shows as JSON, where it is JSON.
    """

    media_type: str
    kind: type[msgspec.Struct] | None = None


#: What is answered under a status: a struct, something else, one of several, or nothing.
Shown = type[msgspec.Struct] | Content | tuple[type[msgspec.Struct] | Content, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A method and a path, and everything that is to be known of them.

    Attributes:
        method: of HTTP.
        path: as Flask writes it, without the prefix of the service.
        summary: one line for people.
        guard: who may ask.
        answers: what is answered when all is well, by status.
        view: what answers. It is given what stands in the path, ``body``, ``form`` and ``query``
            by name.
        body: the struct of the JSON body; ``None`` where none is read.
        form: the struct of a body that is a form, as OAuth has it; ``None`` where none is read.
        query: the struct of the query string; ``None`` where none is read.
        refusals: the codes of what this endpoint refuses by itself, by status.
        needs_stores: whether a store that is down ends it with 503.
    """

    method: str
    path: str
    summary: str
    guard: AccessRule
    answers: Mapping[int, Shown]
    view: View
    body: type[msgspec.Struct] | None = None
    form: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    refusals: Mapping[int, Codes] = field(default_factory=dict)
    needs_stores: bool = True

    @property
    def name(self) -> str:
        """Return by what the endpoint is told from the others: the name of its view."""
        return self.view.__name__

    def every_refusal(self) -> Mapping[int, Codes]:
        """Return the codes of all that may be refused here, by status."""
        every = [self.refusals, self.guard.refusals_of(self.method)]
        if self.body is not None:
            every.append(_OF_A_BODY)
        if self.form is not None:
            every.append(_OF_A_FORM)
        if self.query is not None:
            every.append(_OF_A_QUERY)
        if self.needs_stores:
            every.append(_OF_A_STORE)
        codes: dict[int, Codes] = {}
        for refusals in every:
            for status, more in refusals.items():
                codes[int(status)] = tuple(dict.fromkeys(codes.get(int(status), ()) + more))
        return codes

    def route(self, blueprint: Blueprint) -> None:
        """Serve the endpoint as a part of a blueprint."""
        view = self.guard.protect(_reading(self))
        blueprint.add_url_rule(self.path, endpoint=self.name, view_func=view, methods=[self.method])


def endpoint(
    method: str,
    path: str,
    *,
    summary: str,
    guard: AccessRule,
    answers: Mapping[int, Shown],
    body: type[msgspec.Struct] | None = None,
    form: type[msgspec.Struct] | None = None,
    query: type[msgspec.Struct] | None = None,
    refusals: Mapping[int, Codes] | None = None,
    needs_stores: bool = True,
) -> Callable[[View], Endpoint]:
    """Declare what a function answers; takes the attributes of :class:`Endpoint`."""

    def declare(view: View) -> Endpoint:
        return Endpoint(
            method=method,
            path=path,
            summary=summary,
            guard=guard,
            answers=answers,
            view=view,
            body=body,
            form=form,
            query=query,
            refusals=refusals or {},
            needs_stores=needs_stores,
        )

    return declare


def _reading(declared: Endpoint) -> View:
    @wraps(declared.view)
    def view(**given: Any) -> Response:
        if declared.query is not None:
            given["query"] = read_query(declared.query)
        if declared.body is not None:
            given["body"] = read_body(declared.body)
        if declared.form is not None:
            given["form"] = read_form(declared.form)
        return declared.view(**given)

    return view
