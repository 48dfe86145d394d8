"""Facts about the machine that a time depends on."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_DISTRIBUTIONS = (
    "Flask",
    "Werkzeug",
    "PyJWT",
    "cryptography",
    "msgspec",
    "PyNaCl",
    "Flask-JWT-Extended",
    "Flask-Watchword",
)


@dataclass(frozen=True)
class Machine:
    """The machine of a run, without anything that identifies it.

    Attributes:
        load: processes that competed for a core in the minute before the run.
    """

    processor: str
    cores: int
    load: float
    python: str
    libraries: dict[str, str]
    date: str

    @property
    def is_busy(self) -> bool:
        """Whether other processes used the machine enough to affect the results."""
        return self.load > self.cores / 4


def this_machine() -> Machine:
    """Read the facts of this machine."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        load=round(os.getloadavg()[0], 2),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        libraries={name: _version(name) for name in _DISTRIBUTIONS},
        date=datetime.now(UTC).date().isoformat(),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"
