"""A successful request to every endpoint gets the response that its declaration lists first."""

import pytest

from flask_watchword.service.endpoint import Endpoint
from tests.service.good_requests import ENDPOINTS, GOOD_REQUESTS, send
from tests.service.under_test import ServiceUnderTest


def test_every_endpoint_has_a_successful_request() -> None:
    assert GOOD_REQUESTS.keys() == ENDPOINTS.keys()


@pytest.mark.parametrize("one", ENDPOINTS.values(), ids=lambda one: one.name)
def test_successful_request_gets_the_declared_response(
    service: ServiceUnderTest, one: Endpoint
) -> None:
    answer = send(service, one, GOOD_REQUESTS[one.name](service))
    assert answer.status_code == min(one.responses), answer.data
