"""Releases of other packages that have a published security fault."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from flask_watchword.extension.checks.results import CheckResult, fine, warning


@dataclass(frozen=True, slots=True)
class Fault:
    """A published fault.

    Attributes:
        package: the package, as it is installed.
        advisory: its number, which is also where these facts are from (cve.org).
        fixed: the first release without it.
        about: what goes wrong.
        since: the first release that has it, or the first of a series that is fixed apart.
    """

    package: str
    advisory: str
    fixed: str
    about: str
    since: str = "0"

    def is_in(self, release: str) -> bool:
        """Tell whether a release has it."""
        return _numbers(self.since) <= _numbers(release) < _numbers(self.fixed)


# Only what the releases that we accept may have. Faults of PyJWT are those of an application that
# calls it: our own engine decides about tokens.
FAULTS = (
    Fault("Flask", "CVE-2023-30861", "2.2.5", "a caching proxy may hand out session cookies"),
    Fault(
        "Flask",
        "CVE-2023-30861",
        "2.3.2",
        "a caching proxy may hand out session cookies",
        since="2.3",
    ),
    Fault("Flask", "CVE-2026-27205", "3.1.3", "a cache may keep pages of one session for others"),
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
        "jwt.decode() takes a part of an issuer for the issuer",
        since="2.10",
    ),
    Fault("PyJWT", "CVE-2026-32597", "2.12.0", "jwt.decode() ignores critical extensions"),
    Fault("PyJWT", "CVE-2026-48524", "2.13.0", "jwt.PyJWKClient fetches keys without a limit"),
)


def check_packages() -> CheckResult:
    """Check that no package is installed in a release with a published fault."""
    check = "packages"
    found: dict[str, list[Fault]] = defaultdict(list)
    for fault, release in _installed_faults():
        found[f"{fault.package} {release}"].append(fault)
    if not found:
        return fine(check, "none with a known fault")
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
