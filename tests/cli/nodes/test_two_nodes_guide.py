"""The commands of the guide to two nodes, run in a shell."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import START_SECONDS, STOP_SECONDS
from tests.cli.nodes.conftest import Settings
from tests.cli.test_serve import pasted
from tests.docs.pages import DOCS, between, text_of
from tests.servers.valkey import free_port, wait_until

pytestmark = pytest.mark.server

GUIDE = DOCS / "how-to" / "two-nodes.md"

#: The two servers of the guide, and the environment of its nodes.
_SERVERS = {
    "postgresql://watchword:choose-another@127.0.0.1/watchword": "WATCHWORD_DATABASE",
    "valkey://127.0.0.1:6379/0": "WATCHWORD_VALKEY",
}


def test_commands_of_the_guide_run_a_session_across_two_nodes(
    settings: Settings, tmp_path: Path
) -> None:
    ports = {written: free_port() for written in (5001, 5002)}
    (starting,) = commands("two-nodes")
    (asking,) = commands("from-node-to-node")
    for place, name in _SERVERS.items():
        assert starting.count(place) == 1
        starting = starting.replace(place, settings[name])
    for written, port in ports.items():
        assert f"--port {written}" in starting
        starting = starting.replace(f"--port {written}", f"--port {port}")
        assert f":{written}" in asking
        asking = asking.replace(f":{written}", f":{port}")
    with running(starting, tmp_path) as output:
        wait_until(lambda: output.read_text().count("listens on") == len(ports), START_SECONDS)
        answers = pasted(asking, tmp_path)
    for answer in answers:
        tokens = [name for name in answer if name in ("access_token", "refresh_token")]
        answer.update(dict.fromkeys(tokens, "..."))
    (shown,) = re.findall(
        r"```json\n(.*)```\n", between(text_of(GUIDE), "from-node-to-node"), re.DOTALL
    )
    assert answers == [json.loads(line) for line in shown.splitlines()]


def commands(name: str) -> list[str]:
    return re.findall(r"```sh\n(.*?)```\n", between(text_of(GUIDE), name), re.DOTALL)


@contextmanager
def running(starting: str, folder: Path) -> Iterator[Path]:
    """Run commands that start servers in the background, yield their output, and stop them."""
    output_file = folder / "output.txt"
    (folder / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
    with output_file.open("wb") as output:
        shell = subprocess.Popen(
            ["/bin/sh", "-eu", "-c", f"{starting}\nwait"],
            cwd=folder,
            env=os.environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            start_new_session=True,
        )
    try:
        yield output_file
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        give_up_at = time.monotonic() + STOP_SECONDS
        shell.wait(STOP_SECONDS)
        while time.monotonic() < give_up_at and group_is_there(shell.pid):
            time.sleep(0.05)
        if group_is_there(shell.pid):
            os.killpg(shell.pid, signal.SIGKILL)
            pytest.fail("a node did not end")
    assert (folder / "master-key").stat().st_mode & 0o777 == 0o600


def group_is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
