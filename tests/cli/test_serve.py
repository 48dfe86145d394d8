import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.conftest import STOP_SECONDS, WATCHWORD, RunningServer, Serve, listens
from tests.docs.pages import DOCS, between, text_of
from tests.servers.valkey import free_port, wait_until

pytestmark = pytest.mark.server

CONNECTIONS = 40


def with_curl(folder: Path) -> dict[str, str]:
    """Return an environment with curl: installed, or the substitute."""
    if shutil.which("curl"):
        return dict(os.environ)
    stand_in = folder / "curl"
    program = Path(__file__).with_name("stand_in_curl.py")
    stand_in.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{program}" "$@"\n')
    stand_in.chmod(0o755)
    return os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def pasted(walkthrough: str, folder: Path) -> list[dict[str, object]]:
    """Run a demo script in a shell and return its responses."""
    shell = subprocess.run(
        ["/bin/sh", "-eu"],
        input=walkthrough,
        env=with_curl(folder),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert shell.stderr == ""
    return [json.loads(line) for line in shell.stdout.splitlines()]


def commands_and_answers(page: Path, section: str) -> tuple[str, list[dict[str, object]]]:
    """Return the commands of a page and the responses that it shows."""
    text = between(text_of(page), section)
    (code,) = re.findall(r"```sh\n(.*?)```\n", text, re.DOTALL)
    (answers,) = re.findall(r"```json\n(.*?)```\n", text, re.DOTALL)
    return code, [json.loads(line) for line in answers.splitlines()]


def test_commands_of_the_quick_start_work_from_registration_to_logout(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve("--workers", "2")
    server.wait_until_it_listens()
    code, promised = commands_and_answers(DOCS / "service" / "getting-started.md", "quickstart")
    answers = pasted(code.replace(":5000", f":{server.port}"), tmp_path)
    for name in ("id", "created_at"):
        assert answers[1].pop(name)
        assert promised[1].pop(name) == "..."
    assert answers == promised
    give_up_at = time.monotonic() + STOP_SECONDS
    while "the password of the account within 24 hours" not in server.output:
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


def test_first_application_runs_with_flask_and_responds_to_curl(tmp_path: Path) -> None:
    page = DOCS / "extension" / "getting-started.md"
    program, *_ = re.findall(r"```python\n(.*?)```\n", text_of(page), re.DOTALL)
    (tmp_path / "app.py").write_text(program, encoding="utf-8")
    code, promised = commands_and_answers(page, "application")
    port = free_port()
    flask = subprocess.Popen(
        [Path(sys.executable).with_name("flask"), "--app", "app", "run", "--port", str(port)],
        cwd=tmp_path,
        env=os.environ | {"JWT_SECRET_KEY": "k" * 64},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: listens(port))
        assert pasted(code.replace(":5000", f":{port}"), tmp_path) == promised
    finally:
        flask.terminate()
        flask.wait(STOP_SECONDS)


def test_first_start_prints_a_link_that_creates_an_admin_and_the_next_none(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve("--workers", "1")
    server.wait_until_it_listens()
    (code,) = re.findall(
        rf"^  http://127\.0\.0\.1:{server.port}/setup#code=([\w-]{{43}})$",
        server.output,
        re.MULTILINE,
    )
    assert server.stop() == 0
    again = serve("--workers", "1")
    again.wait_until_it_listens()
    assert "/setup" not in again.output
    body = json.dumps(
        {"code": code, "email": "boss@example.com", "password": "correct horse battery staple"}
    )
    assert again.post("/setup", body)[0] == 201
    assert again.stop() == 0
    assert code not in again.output


def test_printed_demo_script_works_in_a_shell(serve: Serve, tmp_path: Path) -> None:
    server = serve("--demo", "--workers", "2")
    server.wait_until_it_listens()
    announced, _, commands = server.output.partition("Try it: paste this into another terminal.")
    assert f"http://127.0.0.1:{server.port} (2 workers" in announced
    assert str(tmp_path / "watchword-demo.db") in announced

    login, view, refreshed, expired, logged_out = pasted(commands, tmp_path)
    assert sorted(login) == ["access_token", "expires_in", "refresh_token", "token_type"]
    assert view == {"logged_in_as": "test@example.com"}
    assert sorted(refreshed) == sorted(login)
    assert refreshed["access_token"] not in (None, "", login["access_token"])
    assert expired == {"msg": "The token has expired", "code": "token_expired"}
    assert logged_out == {"msg": "Token has been revoked", "code": "session_ended"}

    assert server.stop() == 0
    assert server.group_is_gone()
    # Each worker writes its lines in batches, the last ones after the main process has announced
    # the stop. A line begins with its time.
    lines = sorted(server.output.partition(commands)[2].splitlines())
    stopping = [line for line in lines if line.endswith("stopping: finishing requests in flight")]
    assert len(stopping) == 1
    logged = [line for line in lines if line not in stopping]
    assert [line.split()[2:5] for line in logged] == [
        ["POST", "/login", "200"],
        ["GET", "/protected-route", "200"],
        ["POST", "/refresh", "200"],
        ["POST", "/expired", "401"],
        ["POST", "/logout", "204"],
        ["GET", "/protected-route", "401"],
    ]


def test_printed_demo_script_works_without_curl(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve("--demo", "--workers", "1")
    server.wait_until_it_listens()
    commands = server.output.partition("Try it: paste this into another terminal.")[2]
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert len(pasted(commands, tmp_path)) == 5


def test_demo_can_be_restarted_on_its_database(serve: Serve, tmp_path: Path) -> None:
    for _ in range(2):
        server = serve("--demo", "--workers", "1")
        server.wait_until_it_listens()
        commands = server.output.partition("Try it: paste this into another terminal.")[2]
        assert len(pasted(commands, tmp_path)) == 5
        assert server.stop() == 0


def test_two_workers_respond(serve: Serve) -> None:
    server = serve("--workers", "2")
    server.wait_until_it_listens()
    assert server.get("/healthz") == (200, b'{"status":"ok"}\n')
    workers = workers_of(server)
    assert len(workers) == 2
    for stopped in workers:
        os.kill(stopped, signal.SIGSTOP)
        try:
            # The other worker serves during this time. It may still be starting.
            wait_until(lambda: somebody_answers(server.port))
        finally:
            os.kill(stopped, signal.SIGCONT)


def workers_of(server: RunningServer) -> list[int]:
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    return [int(pid) for pid in children.read_text().split()]


def somebody_answers(port: int) -> bool:
    """Return whether one of many connections gets a response; the kernel distributes them."""
    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            for _ in range(CONNECTIONS)
        ]
        for client in clients:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return bool(select.select(clients, [], [], 1)[0])


def test_demo_reachable_from_other_machines_warns(serve: Serve) -> None:
    server = serve("--demo", "--workers", "1", "--host", "0.0.0.0")  # noqa: S104
    server.wait_until_it_listens()
    assert "the demo password is public" in server.output
    assert (
        f"Watchword listens on all IPv4 addresses of this machine, port {server.port}: "
        f"http://127.0.0.1:{server.port} ("
    ) in server.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_service_cleanly(serve: Serve, number: signal.Signals) -> None:
    server = serve("--workers", "2")
    server.wait_until_it_listens()
    assert server.get("/readyz")[0] == 200
    assert server.stop(number) == 0
    assert server.group_is_gone()
    assert "Traceback" not in server.output


def test_ctrl_c_reaches_the_whole_process_group_and_ends_it_cleanly(serve: Serve) -> None:
    server = serve("--workers", "2")
    server.wait_until_it_listens()
    assert server.get("/readyz")[0] == 200
    os.killpg(server.process.pid, signal.SIGINT)
    assert server.process.wait(STOP_SECONDS) == 0
    assert server.group_is_gone()
    assert "Traceback" not in server.output


def test_port_in_use_is_one_line_and_status_1(serve: Serve) -> None:
    first = serve("--workers", "1")
    first.wait_until_it_listens()
    second = serve("--workers", "1")
    assert second.process.wait(STOP_SECONDS) == 1
    assert second.output == (
        f"Error: port {first.port} on 127.0.0.1 is in use by another program; "
        "choose another with --port\n"
    )
    assert first.get("/healthz")[0] == 200


@pytest.mark.parametrize(
    ("options", "line", "status"),
    [
        (["--database", "nonsense"], "Error: WATCHWORD_DATABASE: is not a URL like", 1),
        (["--database", "sqlite:///missing/x.db"], "Error: a store does not respond: cannot", 69),
        (["--host", "nowhere.invalid"], "Error: cannot listen on nowhere.invalid", 1),
    ],
)
def test_invalid_settings_are_one_line_and_a_status(
    serve: Serve, options: list[str], line: str, status: int
) -> None:
    server = serve(*options)
    assert server.process.wait(STOP_SECONDS) == status
    assert server.output.startswith(line)
    assert server.output.count("\n") == 1


def test_account_added_on_the_command_line_can_log_in(serve: Serve, tmp_path: Path) -> None:
    server = serve("--workers", "1")
    server.wait_until_it_listens()
    password = "correct horse battery staple"
    subprocess.run(
        [*WATCHWORD, "user", "add", "ada@example.com", "--password-stdin"],
        input=f"{password}\n",
        cwd=tmp_path,
        text=True,
        check=True,
        timeout=60,
        capture_output=True,
    )
    body = json.dumps({"email": "ada@example.com", "password": password})
    url = f"http://127.0.0.1:{server.port}/login"
    command = f"curl -s {url} -H 'Content-Type: application/json' -d '{body}'"
    assert pasted(command, tmp_path)[0]["token_type"] == "Bearer"
    assert server.get("/protected-route")[0] == 404, "the demo's routes are the demo's alone"
