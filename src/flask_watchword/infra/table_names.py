"""Names of the package's tables, for migrations of an application in the same database."""

from collections.abc import Mapping

#: Prefix of the name of every table of the package, its Alembic version table included.
TABLE_PREFIX = "watchword_"


def include_name(
    name: str | None, kind: str, _parents: Mapping[str, str | None] | None = None
) -> bool:
    """Tell Alembic's autogenerate to ignore the tables of this package.

    They are not in the application's metadata, so autogenerate takes them for tables whose models
    were deleted. Pass this function as ``include_name`` to ``context.configure()`` in ``env.py``
    or to ``flask_migrate.Migrate()``.

    Args:
        name: name of the object in the database; ``None`` for the default schema.
        kind: ``"schema"``, ``"table"``, ``"column"``, ``"index"`` and so on.
    """
    return kind != "table" or name is None or not name.startswith(TABLE_PREFIX)
