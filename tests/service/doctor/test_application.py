"""The service as a part of an application, whose options are the service's."""

from flask_watchword.extension.checks.results import Level
from flask_watchword.extension.checks.runner import check_app
from tests.service.site import Site


def test_nothing_is_wrong_with_the_options_that_the_service_sets(ours: Site) -> None:
    findings = list(check_app(ours.app))
    assert {finding.level for finding in findings} == {Level.OK}, findings
