"""Keep the migrations that Alembic generates for an application from dropping our tables.

Alembic loads this module by the entry point ``alembic.plugins`` from release 1.18 on. Earlier
releases have no such thing: there, opening one of our databases calls :func:`hide_tables`.
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
    """Have Alembic 1.18 and later look past our tables before it compares any."""
    from alembic.util import DispatchPriority

    plugin.add_autogenerate_comparator(
        _look_past_our_tables, "schema", priority=DispatchPriority.FIRST
    )


def hide_tables() -> None:
    """Have an earlier Alembic do so, if this process uses it: ``flask db`` and ``alembic`` do."""
    if "alembic.autogenerate" in sys.modules and "alembic.runtime.plugins" not in sys.modules:
        _hide_once()


@cache
def _hide_once() -> None:
    from alembic.autogenerate import comparators

    # These releases call what is registered for a dialect instead of what is for all.
    others: Any = comparators.dispatch("schema")

    def compare(context: "AutogenContext", *rest: object) -> None:
        _look_past_our_tables(context)
        others(context, *rest)

    for dialect in _DIALECTS:
        comparators.dispatch_for("schema", qualifier=dialect)(compare)


def _look_past_our_tables(context: "AutogenContext", *_: object) -> Any:
    # A table with such a name that the application has declared is the application's.
    declared = {table.name for table in context.sorted_tables}

    def is_included(name: str | None, kind: str, parents: Mapping[str, str | None]) -> bool:
        return name in declared or include_name(name, kind, parents)

    context._name_filters.append(is_included)
