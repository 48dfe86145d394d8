"""The service inside an application: the options that it sets itself."""

from flask_watchword.extension.checks.results import Level
from flask_watchword.extension.checks.runner import check_app
from tests.service.under_test import ServiceUnderTest


def test_options_set_by_the_service_cause_no_finding(service: ServiceUnderTest) -> None:
    findings = list(check_app(service.app))
    assert {finding.level for finding in findings} == {Level.OK}, findings
