"""Prevent migrations that Alembic generates for an application from dropping our tables.

Alembic 1.18 and later load this module by the entry point ``alembic.plugins``. Earlier releases
have no plugins; for them, opening one of our databases calls :func:`hide_tables`.
"""

import sys
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from flask_watchword.infra.table_names import include_name

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.plugins import Plugin

_DIALECTS = ("sqlite", "postgresql")


def setup(plugin: "Plugin") -> None:
    """Make Alembic 1.18 and later ignore our tables; it calls this function."""
    from alembic.util import DispatchPriority

    plugin.add_autogenerate_comparator(
        _ignore_our_tables, "schema", priority=DispatchPriority.FIRST
    )


def hide_tables() -> None:
    """Make earlier releases of Alembic ignore our tables, if this process uses Alembic."""
    if "alembic.autogenerate" in sys.modules and "alembic.runtime.plugins" not in sys.modules:
        _hide_once()


@cache
def _hide_once() -> None:
    from alembic.autogenerate import comparators

    # In these releases a comparator for a dialect replaces the one for all dialects.
    others: Any = comparators.dispatch("schema")

    def compare(context: "AutogenContext", *rest: object) -> None:
        _ignore_our_tables(context)
        others(context, *rest)

    for dialect in _DIALECTS:
        comparators.dispatch_for("schema", qualifier=dialect)(compare)


def _ignore_our_tables(context: "AutogenContext", *_: object) -> Any:
    # A table with our prefix in the metadata of the application belongs to the application.
    declared = {table.name for table in context.sorted_tables}

    def is_included(name: str | None, kind: str, parents: Mapping[str, str | None]) -> bool:
        return name in declared or include_name(name, kind, parents)

    context._name_filters.append(is_included)
