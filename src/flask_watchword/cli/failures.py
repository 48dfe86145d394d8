"""What goes wrong for a reason ends a command with one line, not with a trace."""

import contextlib
from collections.abc import Iterator

import click


@contextlib.contextmanager
def one_line_failures() -> Iterator[None]:
    """Turn the errors an operator can mend into one line on standard error and exit status 1."""
    # Here and not above: these modules bring SQLAlchemy, which `--help` does without.
    from flask_watchword.service.settings import InvalidSetting
    from flask_watchword.stores.errors import StoreUnavailable

    try:
        yield
    except InvalidSetting as error:
        raise click.ClickException(str(error)) from error
    except StoreUnavailable as error:
        raise click.ClickException(f"the database does not answer: {error}") from error
