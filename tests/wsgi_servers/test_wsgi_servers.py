"""The servers that applications are deployed on: their threads, forks and greenlets."""

import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import URL

from tests.servers.postgres import new_database
from tests.wsgi_servers.running import (
    GUNICORN_LISTENS,
    SESSIONS,
    UWSGI_LISTENS,
    WATCHWORD,
    gunicorn,
    running,
    use,
    uwsgi,
)

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(sys.platform != "linux", reason="these servers are installed on Linux"),
]


#: Tested in every run: with greenlets and an application created before monkey patching, a lock in
#: the wrong place is a deadlock.
USUAL = {("gevent", "--preload", SESSIONS), ("gevent", "--preload", WATCHWORD)}
KINDS = {"gevent": ["-k=gevent"], "gthread": ["-k=gthread", "--threads=4"], "sync": ["-k=sync"]}
COMBINATIONS = [
    pytest.param(
        kind,
        preload,
        application,
        marks=[] if (kind, preload, application) in USUAL else pytest.mark.slow,
        id=f"{kind}{preload}-{'sessions' if application == SESSIONS else 'watchword'}",
    )
    for kind in KINDS
    for preload in ("", "--preload")
    for application in (SESSIONS, WATCHWORD)
]


@pytest.fixture
def postgres_url(postgres_server: URL) -> Iterator[str]:
    with new_database(postgres_server, f"hosted_{uuid4().hex}") as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/hosted.db"


@pytest.mark.parametrize(("kind", "preload", "application"), COMBINATIONS)
def test_gunicorn(
    kind: str, preload: str, application: str, sqlite_url: str, tmp_path: Path
) -> None:
    program = gunicorn(application, *KINDS[kind], *([preload] if preload else []))
    with running(program, GUNICORN_LISTENS, sqlite_url, tmp_path) as server:
        use(server, application)
        assert server.stop() == 0
        assert "Traceback" not in server.log


@pytest.mark.slow
@pytest.mark.parametrize("preload", ["", "--preload"])
@pytest.mark.parametrize("store", ["postgres", "valkey"])
def test_gunicorn_with_greenlets_over_a_server(
    store: str, preload: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(f"{store}_url")
    if store == "valkey":
        url = f"{url}?prefix=hosted-{uuid4().hex}"
    program = gunicorn(SESSIONS, "-k=gevent", *([preload] if preload else []))
    with running(program, GUNICORN_LISTENS, url, tmp_path) as server:
        use(server, SESSIONS)
        assert server.stop() == 0
        assert "Traceback" not in server.log


UWSGI_OPTIONS = {
    "as it comes": [],
    "threads": ["--enable-threads", "--threads=4"],
    "lazy": ["--lazy-apps", "--enable-threads"],
    "hooks": ["--py-call-uwsgi-fork-hooks", "--enable-threads"],
}


@pytest.mark.parametrize(
    ("options", "application"),
    [
        pytest.param(
            options,
            application,
            marks=[] if (options, application) == ("as it comes", SESSIONS) else pytest.mark.slow,
            id=f"{options}-{'sessions' if application == SESSIONS else 'watchword'}",
        )
        for options in UWSGI_OPTIONS
        for application in (SESSIONS, WATCHWORD)
    ],
)
def test_uwsgi(options: str, application: str, sqlite_url: str, tmp_path: Path) -> None:
    program = uwsgi(application, *UWSGI_OPTIONS[options])
    with running(program, UWSGI_LISTENS, sqlite_url, tmp_path) as server:
        use(server, application)
        assert server.stop() == 0
        assert "Traceback" not in server.log


# uWSGI does not run Python's at-fork hooks: connections of the first process must not be shared.
@pytest.mark.slow
def test_uwsgi_over_postgres(postgres_url: str, tmp_path: Path) -> None:
    program = uwsgi(SESSIONS, "--enable-threads", "--threads=4")
    with running(program, UWSGI_LISTENS, postgres_url, tmp_path) as server:
        use(server, SESSIONS)
        assert server.stop() == 0
        assert "Traceback" not in server.log
