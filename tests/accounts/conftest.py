import pytest

from tests.accounts.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()
