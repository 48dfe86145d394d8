"""``flask watchword``: what can be told of an application that the ``flask`` command has loaded."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import IO

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from flask_watchword.cli.check_table import print_findings, strict_option
from flask_watchword.cli.failures import Code, Failure, StoreDown
from flask_watchword.cli.json_errors import JsonErrorsGroup
from flask_watchword.cli.output import counted, json_option, print_object, print_rows
from flask_watchword.cli.token_report import report
from flask_watchword.cli.token_source import read_token, token_argument
from flask_watchword.errors import InvalidKeyError
from flask_watchword.extension.checks.misplaced import described, misplaced_decorators
from flask_watchword.extension.checks.routes import Route, routes_of
from flask_watchword.extension.checks.runner import check_app
from flask_watchword.extension.explain.token_check import check_token
from flask_watchword.infra.errors import StoreUnavailable


class _Group(JsonErrorsGroup, AppGroup):
    """Commands that run in the context of an application."""


watchword = _Group("watchword", help="Look at how this application is protected.")


@watchword.command()
@strict_option
@json_option
def doctor(*, strict: bool, as_json: bool) -> None:
    """Examine the options of this application, and say what to do.

    The exit status is 1 where there is a problem; a warning does not count unless --strict is
    given.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    print_findings(check_app(app), strict=strict, as_json=as_json)


@watchword.group()
def token() -> None:
    """Look at a token: why this application refuses it.

    It is read from a file or from standard input, and asked for at a terminal. It is no argument:
    those stand in the list of processes and in the history of the shell.
    """


@token.command()
@token_argument
@click.option("--refresh", is_flag=True, help="Ask what a view that takes refresh tokens answers.")
@json_option
def verify(file: str, *, refresh: bool, as_json: bool) -> None:
    """Show what a protected view answers to a token in the header, and by which step.

    The exit status is 1 for a token that is refused. Nothing is changed, unless a loader of the
    application changes something.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    if app.config.get("WATCHWORD_SESSION_STORE") == "memory://":
        click.echo("What was revoked is in the memory of other processes: not seen here.", err=True)
    try:
        checked = check_token(app, read_token(file), refresh=refresh)
    except StoreUnavailable as error:
        raise StoreDown(f"the store does not answer: {error}") from error
    except (InvalidKeyError, RuntimeError) as error:
        # There is no manager, or an option that cannot be used.
        raise Failure(Code.INVALID_SETTING, str(error), "see: flask watchword doctor") from error
    report(checked, as_json=as_json)


@watchword.command()
@click.option(
    "--fail-unguarded",
    is_flag=True,
    help="Exit with 1 where an endpoint lets in whoever has no token and is not allowed to.",
)
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    metavar="ENDPOINT",
    help="An endpoint that is for everybody, static or auth.* perhaps; again for more.",
)
@click.option(
    "--allow-from",
    "allow_file",
    type=click.File(),
    metavar="FILE",
    help="A file of such endpoints, one a line; what follows # is a comment.",
)
@json_option
def routes(
    fail_unguarded: bool, allowed: tuple[str, ...], allow_file: IO[str] | None, as_json: bool
) -> None:
    """List every endpoint with what guards it.

    A guard is seen where a decorator has put it: on a view, a class or its methods, or on a
    function that runs before requests. With verify_jwt_in_request() inside a view nothing is seen.
    jwt_required(optional=True) lets everybody in, so it does not count.

    The exit status is 1 where a decorator stands above @app.route: it has no effect there.
    """
    patterns = [*allowed, *_patterns_in(allow_file)]
    found = list(routes_of(current_app))
    if as_json:
        for route in found:
            print_object(_members(route, patterns))
    else:
        columns = ("Path", "Method", "Endpoint", "Guard")
        print_rows(columns, [_cells(route, patterns) for route in found])
    _warn_of_idle_patterns(patterns, found)
    _refuse_misplaced_decorators(current_app._get_current_object())  # type: ignore[attr-defined]
    forgotten = [route for route in found if _is_forgotten(route, patterns)]
    if fail_unguarded and forgotten:
        endpoints = " ".join(sorted({route.endpoint for route in forgotten}))
        raise Failure(
            Code.UNGUARDED_ROUTES,
            f"whoever has no token is let in by {counted(len(forgotten), 'route')}",
            f"guard them, or name their endpoints with --allow: {endpoints}",
        )


def _refuse_misplaced_decorators(app: Flask) -> None:
    misplaced = misplaced_decorators(app)
    if misplaced:
        raise Failure(Code.MISPLACED_DECORATORS, *described(misplaced))


def _members(route: Route, patterns: Iterable[str]) -> dict[str, object]:
    return {
        "path": route.path,
        "method": route.method,
        "endpoint": route.endpoint,
        "guards": [one.text for one in route.protections],
        "misplaced": [mark.text for mark in route.misplaced],
        "open": route.is_open,
        "allowed": route.is_open and not _is_forgotten(route, patterns),
    }


def _cells(route: Route, patterns: Iterable[str]) -> Sequence[str]:
    guards = ", ".join(one.text for one in route.protections) or "none"
    if route.is_open and not _is_forgotten(route, patterns):
        guards += " (allowed)"
    if route.misplaced:
        names = ", ".join(mark.text for mark in route.misplaced)
        guards += f" (no effect above the route: {names})"
    return route.path, route.method, route.endpoint, guards


def _is_forgotten(route: Route, patterns: Iterable[str]) -> bool:
    return route.is_open and not any(fnmatchcase(route.endpoint, one) for one in patterns)


def _warn_of_idle_patterns(patterns: Sequence[str], found: Iterable[Route]) -> None:
    # What is listed and guarded by now would let the next one through under that name unseen.
    unguarded = [route.endpoint for route in found if route.is_open]
    for pattern in patterns:
        if not any(fnmatchcase(endpoint, pattern) for endpoint in unguarded):
            click.echo(f"Nothing that is open is called {pattern}: allow it no more.", err=True)


def _patterns_in(file: IO[str] | None) -> Sequence[str]:
    lines = [] if file is None else [line.partition("#")[0].strip() for line in file]
    return [line for line in lines if line]
