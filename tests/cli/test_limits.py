"""A worker accepts the connections for which it may open files."""

import resource

import pytest

from flask_watchword.cli.serving.limits import MAX_CONNECTIONS, raise_file_limit


class Limit:
    """The limit of open files of this process, simulated."""

    def __init__(self, soft: int, hard: int) -> None:
        self.now = soft, hard

    def get(self, _: int) -> tuple[int, int]:
        return self.now

    def set(self, _: int, limit: tuple[int, int]) -> None:
        assert limit[1] == self.now[1]
        assert limit[0] <= limit[1] or limit[1] == resource.RLIM_INFINITY
        self.now = limit


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "raised"),
    [
        (1024, 524_288, MAX_CONNECTIONS, MAX_CONNECTIONS + 256),
        (1024, resource.RLIM_INFINITY, MAX_CONNECTIONS, MAX_CONNECTIONS + 256),
        (20_000, 20_000, MAX_CONNECTIONS, 20_000),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, MAX_CONNECTIONS, resource.RLIM_INFINITY),
        (256, 1024, 768, 1024),
        (256, 256, 128, 256),
    ],
)
def test_limit_is_raised_as_far_as_useful_and_bounds_the_connections(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    soft: int,
    hard: int,
    connections: int,
    raised: int,
) -> None:
    limit = Limit(soft, hard)
    monkeypatch.setattr(resource, "getrlimit", limit.get)
    monkeypatch.setattr(resource, "setrlimit", limit.set)
    assert raise_file_limit() == connections
    assert limit.now == (raised, hard)
    assert ("accepts" in caplog.text) == (connections < MAX_CONNECTIONS)
