"""A closed or garbage-collected application releases every resource that its sessions opened."""

import gc
import weakref

import pytest
from sqlalchemy import create_engine

from flask_watchword import Sessions
from flask_watchword.extension.resources import Resources
from tests.extension.sessions.conftest import on_every_store
from tests.extension.sessions.site import Site
from tests.servers.open_resources import OpenResources

#: Enough applications to notice a leak: each one that stays alive adds to every count.
APPLICATIONS = 8


def serve(store_url: str) -> Site:
    """Create an application as a test does, and use it."""
    site = Site(WATCHWORD_SESSION_STORE=store_url)
    ada = site.sign_in()
    assert ada.get().status_code == 200
    assert ada.refresh().status_code == 200
    assert ada.post("/end").status_code == 200
    assert ada.get().status_code == 401
    return site


@on_every_store
def test_collected_applications_leave_nothing_open(store_url: str) -> None:
    serve(store_url).sessions.close()  # the first one fills caches
    resources = OpenResources(store_url)
    gone = [weakref.ref(serve(store_url).app) for _ in range(APPLICATIONS)]
    assert not resources.lasting_growth()
    assert [app() for app in gone] == [None] * APPLICATIONS


@on_every_store
def test_closed_application_has_nothing_open(
    store_url: str,
) -> None:
    serve(store_url).sessions.close()
    resources = OpenResources(store_url)
    site = serve(store_url)
    assert resources.growth()
    site.sessions.close()
    assert not resources.left_open()
    site.sessions.close()  # closing again is harmless


def test_application_referenced_by_its_own_loaders_is_collected(sqlite_url: str) -> None:
    resources = OpenResources(sqlite_url)
    site = serve(sqlite_url)
    site.manager.user_lookup_loader(lambda *_, app=site.app: app)
    gone = weakref.ref(site.app)
    del site
    assert not resources.lasting_growth()
    assert gone() is None


@pytest.mark.server
def test_engine_of_the_application_stays_open(postgres_url: str) -> None:
    engine = create_engine(postgres_url, pool_size=1, max_overflow=0)
    site = serve(engine)  # type: ignore[arg-type]
    with engine.connect() as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    resources = OpenResources(postgres_url)
    del site
    assert not resources.lasting_growth()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT pg_backend_pid()").scalar() == pid
    engine.dispose()


def test_sessions_close_at_the_end_of_a_with_block(sqlite_url: str) -> None:
    resources = OpenResources(sqlite_url)
    app = Site(WATCHWORD_SESSION_STORE="memory://").app
    with Sessions() as sessions:
        app.config["WATCHWORD_SESSION_STORE"] = sqlite_url
        sessions.init_app(app)
        with app.app_context():
            sessions.start("ada")
        assert resources.growth()
    assert not resources.left_open()


def test_global_sessions_object_keeps_no_application_alive(sqlite_url: str) -> None:
    sessions = Sessions()
    site = Site(WATCHWORD_SESSION_STORE=sqlite_url)
    sessions.init_app(site.app)
    gone = weakref.ref(site.app)
    del site
    gc.collect()
    assert gone() is None
    sessions.close()


class _Work:
    """A thread that the garbage collector may interrupt."""

    def __init__(self) -> None:
        self.running = True
        self.joined: list[float] = []

    def stop(self) -> None:
        pass

    def is_running(self) -> bool:
        return self.running

    def join(self, seconds: float) -> None:
        self.joined.append(seconds)
        self.running = False


class _Store:
    """A resource that can be closed."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def stop_waiting(self) -> None:
        self.calls.append("stop waiting")

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def one() -> tuple[Resources, _Work, _Work, _Store]:
    resources, first, second, store = Resources(), _Work(), _Work(), _Store()
    resources.add_background(first)
    resources.add_background(second)
    resources.own(store)
    return resources, first, second, store


def test_last_thread_to_end_closes_released_resources(
    one: tuple[Resources, _Work, _Work, _Store],
) -> None:
    resources, first, second, store = one
    first.running = False
    resources.thread_ended()  # it ended by itself, and nothing was released
    assert store.calls == []
    first.running = True
    resources.release()
    assert store.calls == ["stop waiting"]
    for work, calls in ((first, ["stop waiting"]), (second, ["stop waiting", "close"])):
        work.running = False
        resources.thread_ended()
        assert store.calls == calls
    assert first.joined == second.joined == []


def test_release_closes_at_once_without_a_running_thread(
    one: tuple[Resources, _Work, _Work, _Store],
) -> None:
    resources, first, second, store = one
    first.running = second.running = False
    resources.release()
    assert store.calls == ["stop waiting", "close"]


def test_close_waits_for_the_threads_first(one: tuple[Resources, _Work, _Work, _Store]) -> None:
    resources, first, second, store = one
    resources.close()
    assert first.joined
    assert second.joined
    assert store.calls == ["stop waiting", "close"]
