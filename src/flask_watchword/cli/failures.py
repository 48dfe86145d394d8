"""What goes wrong for a reason ends a command with one line, not with a trace."""

import contextlib
from collections.abc import Iterator

import click

#: What the extra `service` brings, as it is imported.
_SERVICE_MODULES = frozenset({"alembic", "argon2", "granian", "rich", "sqlalchemy"})


class StoreDown(click.ClickException):
    """A store that does not answer: the command may do when it is tried again later."""

    #: ``EX_UNAVAILABLE`` of ``sysexits.h``.
    exit_code = 69


@contextlib.contextmanager
def one_line_failures() -> Iterator[None]:
    """Turn the errors an operator can mend into one line on standard error, and an exit status."""
    with _naming_the_missing_extra():
        # Here and not above: these modules bring SQLAlchemy, which `--help` does without.
        from flask_watchword.service.settings import InvalidSetting
        from flask_watchword.stores.errors import LaterSchema, StoreUnavailable

    try:
        with _naming_the_missing_extra():
            yield
    except (InvalidSetting, LaterSchema) as error:
        raise click.ClickException(str(error)) from error
    except StoreUnavailable as error:
        raise StoreDown(f"a store does not answer: {error}") from error


@contextlib.contextmanager
def _naming_the_missing_extra() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _SERVICE_MODULES:
            raise
        raise click.ClickException(
            f"{package} is not installed; the extra `service` brings it: "
            "pip install 'Flask-Watchword[service]'"
        ) from error
