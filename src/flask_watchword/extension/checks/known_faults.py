"""Known vulnerabilities in releases of the packages that Flask-Watchword supports."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from flask_watchword.extension.checks.results import CheckResult, fine, warning


@dataclass(frozen=True, slots=True)
class Fault:
    """A published vulnerability.

    Attributes:
        package: the name of the distribution.
        advisory: the CVE number; the source of these facts (cve.org).
        fixed: the first fixed release.
        about: the impact.
        since: the first affected release, or the first of a release series with a fix of its own.
    """

    package: str
    advisory: str
    fixed: str
    about: str
    since: str = "0"

    def is_in(self, release: str) -> bool:
        """Tell whether a release is affected."""
        return _numbers(self.since) <= _numbers(release) < _numbers(self.fixed)


# Only releases that the requirements allow. The entries for PyJWT concern applications that call it
# themselves: tokens are verified by our own engine.
FAULTS = (
    Fault(
        "Flask", "CVE-2023-30861", "2.2.5", "a caching proxy may serve session cookies to others"
    ),
    Fault(
        "Flask",
        "CVE-2023-30861",
        "2.3.2",
        "a caching proxy may serve session cookies to others",
        since="2.3",
    ),
    Fault("Flask", "CVE-2026-27205", "3.1.3", "a cache may serve pages of one session to others"),
    Fault("Werkzeug", "CVE-2023-25577", "2.2.3", "a form of many parts takes time and memory"),
    Fault("Werkzeug", "CVE-2023-46136", "3.0.1", "an upload takes a worker's time"),
    Fault("Werkzeug", "CVE-2024-49767", "3.0.6", "a form takes memory without a limit"),
    Fault("Werkzeug", "CVE-2026-27199", "3.1.6", "on Windows, a path makes a request hang"),
    Fault("Jinja2", "CVE-2024-56326", "3.1.5", "untrusted templates break out of the sandbox"),
    Fault("cryptography", "CVE-2026-26007", "46.0.5", "keys on SECT curves are not checked"),
    Fault(
        "PyJWT",
        "CVE-2024-53861",
        "2.10.1",
        "jwt.decode() accepts a substring of the issuer",
        since="2.10",
    ),
    Fault("PyJWT", "CVE-2026-32597", "2.12.0", "jwt.decode() ignores critical extensions"),
    Fault("PyJWT", "CVE-2026-48524", "2.13.0", "jwt.PyJWKClient fetches keys without a limit"),
)


def check_packages() -> CheckResult:
    """Check that no installed release has a known vulnerability."""
    check = "packages"
    found: dict[str, list[Fault]] = defaultdict(list)
    for fault, release in _installed_faults():
        found[f"{fault.package} {release}"].append(fault)
    if not found:
        return fine(check, "none with a known vulnerability")
    says = "; ".join(
        f"{release} has {', '.join(f'{one.advisory} ({one.about})' for one in faults)}"
        for release, faults in found.items()
    )
    wanted = (max(faults, key=lambda one: _numbers(one.fixed)) for faults in found.values())
    upgrades = " ".join(f"'{one.package}>={one.fixed}'" for one in wanted)
    return warning(check, says, f"pip install --upgrade {upgrades}")


def _installed_faults() -> Iterator[tuple[Fault, str]]:
    for fault in FAULTS:
        try:
            release = version(fault.package)
        except PackageNotFoundError:
            continue
        if fault.is_in(release):
            yield fault, release


def _numbers(release: str) -> tuple[int, ...]:
    match = re.match(r"\d+(\.\d+)*", release)
    numbers = [int(part) for part in match[0].split(".")] if match else [0]
    while numbers and numbers[-1] == 0:  # 2.12 is 2.12.0
        numbers.pop()
    return tuple(numbers)
