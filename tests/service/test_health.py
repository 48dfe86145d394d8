import pytest
from flask.testing import FlaskClient

from flask_watchword.service.app import create_app
from flask_watchword.service.settings import Settings
from flask_watchword.stores.errors import StoreUnavailable
from flask_watchword.stores.memory import MemoryUserStore
from tests.service.conftest import PASSWORD


class DownStore(MemoryUserStore):
    """A store that does not answer."""

    def ping(self) -> None:
        raise StoreUnavailable("connection refused")

    def by_email(self, email_key: str) -> None:
        raise StoreUnavailable("connection refused")


@pytest.fixture
def stranded(settings: Settings) -> FlaskClient:
    return create_app(settings, users=DownStore()).test_client()


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_healthy_service_says_so(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.get_json() == {"status": "ok"}


def test_a_service_without_its_store_lives_but_is_not_ready(stranded: FlaskClient) -> None:
    assert stranded.get("/healthz").status_code == 200
    answer = stranded.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["code"] == "store_unavailable"
    assert answer.headers["Retry-After"] == "2"


def test_login_without_the_store_is_503_and_not_401(stranded: FlaskClient) -> None:
    answer = stranded.post("/login", json={"email": "ada@example.com", "password": PASSWORD})
    assert answer.status_code == 503


def test_a_service_whose_database_was_never_prepared_is_not_ready(settings: Settings) -> None:
    assert create_app(settings).test_client().get("/readyz").status_code == 503
