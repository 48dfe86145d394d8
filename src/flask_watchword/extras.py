"""The optional dependencies: the packages of each extra, and the command that installs them."""

from importlib.util import find_spec
from types import MappingProxyType

#: The packages of each extra, by import name.
PACKAGES = MappingProxyType(
    {
        "service": (
            "sqlalchemy",
            "alembic",
            "argon2",
            "bcrypt",
            "dotenv",
            "email_validator",
            "flask_swagger_ui",
            "granian",
            "nacl",
            "prometheus_client",
            "pyotp",
            "rich",
            "zxcvbn",
        ),
        "sqlite": ("sqlalchemy", "alembic"),
        "postgres": ("sqlalchemy", "alembic", "psycopg"),
        "valkey": ("valkey",),
        "ed25519": ("nacl",),
    }
)


class MissingExtra(ImportError):
    """A package is not installed; the message has the command that installs it.

    Attributes:
        problem: the part of the message that says what is missing.
        remedy: the part of the message that says what to do.
    """

    def __init__(self, package: str, extra: str) -> None:
        self.problem = f"{package} is not installed"
        self.remedy = f"the extra `{extra}` brings it: pip install 'Flask-Watchword[{extra}]'"
        super().__init__(f"{self.problem}; {self.remedy}", name=package)


def require(extra: str) -> None:
    """Check that the packages of an extra are installed, without importing them.

    Raises:
        MissingExtra: for the first package, in the order of :data:`PACKAGES`, that is missing.
    """
    for package in PACKAGES[extra]:
        if find_spec(package) is None:
            raise MissingExtra(package, extra)
