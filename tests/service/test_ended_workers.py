"""Metrics that a terminated worker leaves behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flask_watchword.service.ended_workers import delete_gauges_of_ended_processes


@pytest.fixture
def ended() -> int:
    """The process id of a terminated process."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_gauges_of_terminated_workers_are_removed_and_other_metrics_kept(
    tmp_path: Path, ended: int
) -> None:
    mine = {f"gauge_livemax_{os.getpid()}.db", f"gauge_livemax_{os.getppid()}.db"}
    theirs = {f"counter_{ended}.db", f"histogram_{ended}.db"}
    for name in (*mine, *theirs, f"gauge_livemax_{ended}.db"):
        (tmp_path / name).touch()
    delete_gauges_of_ended_processes(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == mine | theirs


def test_cleanup_works_without_proc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: int
) -> None:
    for pid in (os.getpid(), ended):
        (tmp_path / f"gauge_livemax_{pid}.db").touch()
    monkeypatch.setattr(Path, "exists", lambda _: False)
    delete_gauges_of_ended_processes(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [f"gauge_livemax_{os.getpid()}.db"]


def test_process_of_another_user_counts_as_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_pid: int, _signal: int) -> None:
        raise PermissionError

    (tmp_path / "gauge_livemax_1.db").touch()
    monkeypatch.setattr(os, "kill", refuse)
    delete_gauges_of_ended_processes(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["gauge_livemax_1.db"]
