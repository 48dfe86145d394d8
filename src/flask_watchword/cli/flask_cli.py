"""``flask watchword``: inspect the application that the ``flask`` command has loaded."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import IO

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from flask_watchword.cli.check_table import print_check_results, strict_option
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


watchword = _Group("watchword", help="Inspect how this application is protected.")


@watchword.command()
@strict_option
@json_option
def doctor(*, strict: bool, as_json: bool) -> None:
    """Check the options of this application, and suggest remedies.

    The exit status is 1 if there is a problem, and with --strict also if there is a warning.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    print_check_results(check_app(app), strict=strict, as_json=as_json)


@watchword.group()
def token() -> None:
    """Find out why this application rejects a token.

    The token is read from a file or from standard input; on a terminal there is a prompt. It is not
    an argument, because arguments are visible in the process list and in the shell's history.
    """


@token.command()
@token_argument
@click.option("--refresh", is_flag=True, help="Verify it as a view for refresh tokens does.")
@json_option
def verify(file: str, *, refresh: bool, as_json: bool) -> None:
    """Show how a protected view responds to a token in the header, and which step decides.

    The exit status is 1 if the token is rejected. Nothing is changed, unless a loader of the
    application changes something.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    if app.config.get("WATCHWORD_SESSION_STORE") == "memory://":
        click.echo("Revocations are in the memory of other processes: not seen here.", err=True)
    try:
        checked = check_token(app, read_token(file), refresh=refresh)
    except StoreUnavailable as error:
        raise StoreDown(f"the store does not respond: {error}") from error
    except (InvalidKeyError, RuntimeError) as error:
        # There is no JWTManager, or an option is invalid.
        raise Failure(Code.INVALID_SETTING, str(error), "see: flask watchword doctor") from error
    report(checked, as_json=as_json)


@watchword.command()
@click.option(
    "--fail-unguarded",
    is_flag=True,
    help="Exit with 1 if an endpoint that is not allowed accepts requests without a token.",
)
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    metavar="ENDPOINT",
    help="An endpoint that is public, such as static or auth.*; can be repeated.",
)
@click.option(
    "--allow-from",
    "allow_file",
    type=click.File(),
    metavar="FILE",
    help="A file of public endpoints, one per line; # starts a comment.",
)
@json_option
def routes(
    fail_unguarded: bool, allowed: tuple[str, ...], allow_file: IO[str] | None, as_json: bool
) -> None:
    """List every endpoint with the decorators that protect it.

    Decorators are found on views, on view classes and their methods, and on functions that run
    before requests. A call of verify_jwt_in_request() inside a view is not found.
    jwt_required(optional=True) accepts requests without a token, so it does not count.

    The exit status is 1 if a decorator stands above @app.route, where it has no effect.
    """
    patterns = [*allowed, *_patterns_in(allow_file)]
    found = list(routes_of(current_app))
    if as_json:
        for route in found:
            print_object(_members(route, patterns))
    else:
        columns = ("Path", "Method", "Endpoint", "Guard")
        print_rows(columns, [_cells(route, patterns) for route in found])
    _warn_of_unused_patterns(patterns, found)
    _refuse_misplaced_decorators(current_app._get_current_object())  # type: ignore[attr-defined]
    unguarded = [route for route in found if _is_unguarded(route, patterns)]
    if fail_unguarded and unguarded:
        endpoints = " ".join(sorted({route.endpoint for route in unguarded}))
        raise Failure(
            Code.UNGUARDED_ROUTES,
            f"requests without a token are accepted by {counted(len(unguarded), 'route')}",
            f"protect them, or name their endpoints with --allow: {endpoints}",
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
        "allowed": route.is_open and not _is_unguarded(route, patterns),
    }


def _cells(route: Route, patterns: Iterable[str]) -> Sequence[str]:
    guards = ", ".join(one.text for one in route.protections) or "none"
    if route.is_open and not _is_unguarded(route, patterns):
        guards += " (allowed)"
    if route.misplaced:
        names = ", ".join(mark.text for mark in route.misplaced)
        guards += f" (no effect above the route: {names})"
    return route.path, route.method, route.endpoint, guards


def _is_unguarded(route: Route, patterns: Iterable[str]) -> bool:
    return route.is_open and not any(fnmatchcase(route.endpoint, one) for one in patterns)


def _warn_of_unused_patterns(patterns: Sequence[str], found: Iterable[Route]) -> None:
    # A pattern that matches nothing today would silently allow a later endpoint of that name.
    unguarded = [route.endpoint for route in found if route.is_open]
    for pattern in patterns:
        if not any(fnmatchcase(endpoint, pattern) for endpoint in unguarded):
            click.echo(f"No public endpoint matches {pattern}: remove it.", err=True)


def _patterns_in(file: IO[str] | None) -> Sequence[str]:
    lines = [] if file is None else [line.partition("#")[0].strip() for line in file]
    return [line for line in lines if line]
