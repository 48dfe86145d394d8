"""A successful request to every endpoint gets the response that its declaration lists first."""

import pytest

from flask_watchword.service.endpoint import Endpoint
from tests.service.good_requests import ENDPOINTS, GOOD_REQUESTS, send
from tests.service.site import Site


def test_every_endpoint_has_a_successful_request() -> None:
    assert GOOD_REQUESTS.keys() == ENDPOINTS.keys()


@pytest.mark.parametrize("one", ENDPOINTS.values(), ids=lambda one: one.name)
def test_successful_request_gets_the_declared_response(ours: Site, one: Endpoint) -> None:
    answer = send(ours, one, GOOD_REQUESTS[one.name](ours))
    assert answer.status_code == min(one.responses), answer.data
