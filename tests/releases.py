"""The installed releases of other packages: `make test-versions` runs tests with old ones."""

from importlib.metadata import version


def before(package: str, *release: int) -> bool:
    """Return whether a package is older than a release: ``before("PyJWT", 2, 14)``."""
    return tuple(int(part) for part in version(package).split(".")[: len(release)]) < release
