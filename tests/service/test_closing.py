"""A closed or garbage-collected application releases every resource that the service opened."""

import weakref
from collections.abc import Callable
from uuid import uuid4

import pytest
from flask import Flask

from flask_watchword import Watchword
from flask_watchword.service.app import create_app
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.features.demo.demo_user import DEMO_EMAIL, DEMO_PASSWORD
from flask_watchword.service.stores import opened_stores, prepare
from tests.servers.open_resources import OpenResources
from tests.service.conftest import bearer

#: Enough applications to notice a leak: each one that stays alive adds to every count.
APPLICATIONS = 4

MakeApp = Callable[[Settings], Flask]


def mounted(settings: Settings) -> Flask:
    app = Flask("host")
    Watchword(app, settings=settings)
    return app


@pytest.fixture(
    params=["sqlite", *(pytest.param(p, marks=pytest.mark.server) for p in ("postgres", "valkey"))]
)
def place(request: pytest.FixtureRequest) -> tuple[Settings, str]:
    """Settings with a prepared database, and the store whose connections are counted."""
    base = "postgres" if request.param == "postgres" else "sqlite"
    database = counted = request.getfixturevalue(f"{base}_url")
    valkey = None
    if request.param == "valkey":
        counted = valkey = f"{request.getfixturevalue('valkey_url')}?prefix=closing-{uuid4().hex}"
    settings = Settings(database=database, valkey=valkey, master_key="A" * 43, demo=True, workers=1)
    prepare(settings)
    return settings, counted


def serve(app: Flask) -> Flask:
    """Use an application as a test does."""
    client = app.test_client()
    credentials = {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}
    tokens = client.post("/login", json=credentials).get_json()
    assert client.get("/me", headers=bearer(tokens["access_token"])).status_code == 200
    assert client.get("/readyz").status_code == 200
    assert (
        client.post("/refresh", json={}, headers=bearer(tokens["refresh_token"])).status_code == 200
    )
    return app


@pytest.mark.parametrize("make_app", [create_app, mounted])
def test_collected_applications_leave_nothing_open(
    make_app: MakeApp, place: tuple[Settings, str]
) -> None:
    settings, counted = place
    serve(make_app(settings)).extensions["watchword"].close()  # the first one fills caches
    resources = OpenResources(counted)
    gone = [weakref.ref(serve(make_app(settings))) for _ in range(APPLICATIONS)]
    assert not resources.lasting_growth()
    assert [app() for app in gone] == [None] * APPLICATIONS


@pytest.mark.parametrize("make_app", [create_app, mounted])
def test_closed_application_has_nothing_open_while_it_still_exists(
    make_app: MakeApp, place: tuple[Settings, str]
) -> None:
    settings, counted = place
    serve(make_app(settings)).extensions["watchword"].close()
    resources = OpenResources(counted)
    app = serve(make_app(settings))
    assert resources.growth()
    app.extensions["watchword"].close()
    assert not resources.left_open()
    app.extensions["watchword"].close()  # closing twice is harmless


def test_with_block_closes_what_it_opened(sqlite_url: str) -> None:
    settings = Settings(database=sqlite_url, master_key="A" * 43, demo=True, workers=1)
    prepare(settings)
    resources = OpenResources(sqlite_url)
    app = Flask("host")
    with Watchword(app, settings=settings):
        serve(app)
        assert resources.growth()["threads"] == 2
    assert not resources.left_open()


def test_stores_of_the_caller_stay_open(sqlite_url: str) -> None:
    settings = Settings(database=sqlite_url, master_key="A" * 43, demo=True, workers=1)
    prepare(settings)
    resources = OpenResources(sqlite_url)
    with opened_stores(settings) as stores:
        app = create_app(settings, stores=stores)
        serve(app).extensions["watchword"].close()
        growth = resources.growth()
        assert growth["threads"] == 0
        assert any(name.endswith(".db") for name in growth)
    assert not resources.left_open()
