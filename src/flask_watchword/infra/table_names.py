"""The names of our tables, for the migrations of an application in the same database."""

from collections.abc import Mapping

#: What the name of every table of ours begins with, that of our Alembic history too.
TABLE_PREFIX = "watchword_"


def include_name(
    name: str | None, kind: str, _parents: Mapping[str, str | None] | None = None
) -> bool:
    """Tell Alembic's autogenerate whether to look at something that it finds in the database.

    Our tables are not in the application's metadata, so without this they look like tables whose
    models were deleted. Give it to ``context.configure()`` in ``env.py``, or to
    ``flask_migrate.Migrate()``, as ``include_name``.

    Args:
        name: what is there; ``None`` for the default schema.
        kind: ``"schema"``, ``"table"``, ``"column"``, ``"index"`` and so on.
    """
    return kind != "table" or name is None or not name.startswith(TABLE_PREFIX)
