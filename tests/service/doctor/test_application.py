"""The service inside an application: the options that it sets itself."""

from flask_watchword.extension.checks.results import Level
from flask_watchword.extension.checks.runner import check_app
from tests.service.site import Site


def test_options_set_by_the_service_cause_no_finding(ours: Site) -> None:
    findings = list(check_app(ours.app))
    assert {finding.level for finding in findings} == {Level.OK}, findings
