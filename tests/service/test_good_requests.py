"""A good request of every endpoint is answered as its declaration begins."""

import pytest

from flask_watchword.service.endpoint import Endpoint
from tests.service.good_requests import ENDPOINTS, GOOD_REQUESTS, send
from tests.service.site import Site


def test_every_endpoint_has_a_good_request() -> None:
    assert GOOD_REQUESTS.keys() == ENDPOINTS.keys()


@pytest.mark.parametrize("one", ENDPOINTS.values(), ids=lambda one: one.name)
def test_a_good_request_is_answered_as_declared(ours: Site, one: Endpoint) -> None:
    answer = send(ours, one, GOOD_REQUESTS[one.name](ours))
    assert answer.status_code == min(one.responses), answer.data
