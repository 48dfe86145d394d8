"""The doctor reports packages with published vulnerabilities."""

import re
from importlib.metadata import PackageNotFoundError

import pytest

from flask_watchword.extension.checks import known_faults
from flask_watchword.extension.checks.known_faults import FAULTS, check_packages
from flask_watchword.extension.checks.results import CheckResult, Level

NEWEST = {
    "Flask": "3.1.3",
    "Werkzeug": "3.1.6",
    "Jinja2": "3.1.5",
    "cryptography": "46.0.5",
    "PyJWT": "2.13.0",
}


def with_installed(monkeypatch: pytest.MonkeyPatch, **releases: str | None) -> CheckResult:
    installed = NEWEST | releases

    def version(package: str) -> str:
        release = installed[package]
        if release is None:
            raise PackageNotFoundError(package)
        return release

    monkeypatch.setattr(known_faults, "version", version)
    return check_packages()


@pytest.mark.parametrize(
    ("package", "release", "advisories"),
    [
        ("Flask", "2.2.4", ["CVE-2023-30861", "CVE-2026-27205"]),
        ("Flask", "2.2.5", ["CVE-2026-27205"]),
        ("Flask", "2.3.1", ["CVE-2023-30861", "CVE-2026-27205"]),
        ("Flask", "2.3.2", ["CVE-2026-27205"]),
        ("Flask", "3.1.3", []),
        ("Flask", "3.2", []),
        ("Werkzeug", "2.2.2", ["CVE-2023-25577", "CVE-2023-46136", "CVE-2024-49767"]),
        ("Werkzeug", "3.0.6", ["CVE-2026-27199"]),
        ("Werkzeug", "3.1.6rc1", []),
        ("Jinja2", "3.1.4", ["CVE-2024-56326"]),
        ("Jinja2", "3.1.10", []),
        ("cryptography", "46.0.4", ["CVE-2026-26007"]),
        ("PyJWT", "2.10.0", ["CVE-2024-53861", "CVE-2026-32597", "CVE-2026-48524"]),
        ("PyJWT", "2.10.1", ["CVE-2026-32597", "CVE-2026-48524"]),
        ("PyJWT", "2.12.1", ["CVE-2026-48524"]),
        ("PyJWT", "2.13", []),
        ("Jinja2", None, []),
    ],
)
def test_release_with_known_vulnerabilities_is_named_with_its_advisories(
    package: str, release: str | None, advisories: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = with_installed(monkeypatch, **{package: release})
    assert (finding.level is Level.WARNING) is bool(advisories)
    assert set(advisories) <= set(re.findall(r"CVE-\d+-\d+", finding.says))
    if advisories:
        assert finding.says.startswith(f"{package} {release} has ")
        assert finding.remedy.startswith("pip install --upgrade ")


def test_remedy_is_one_command_with_the_last_fix_of_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finding = with_installed(monkeypatch, PyJWT="2.10.0", Werkzeug="2.2.0")
    assert finding.remedy == "pip install --upgrade 'Werkzeug>=3.1.6' 'PyJWT>=2.13.0'"


def test_every_fix_is_a_release_without_the_vulnerability() -> None:
    assert not any(fault.is_in(fault.fixed) for fault in FAULTS)
    assert all(fault.is_in(fault.since) for fault in FAULTS)
