"""``watchword import``: users of other software with their existing passwords."""

import hashlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from click.testing import CliRunner, Result

from flask_watchword.accounts.passwords import HashProfile, Passwords
from flask_watchword.cli.main import main
from tests.cli.conftest import WATCHWORD, Serve

pytestmark = pytest.mark.server

PASSWORD = "correct horse battery staple"
HASH = Passwords(HashProfile(memory_kib=8, time_cost=1, parallelism=1)).hash(PASSWORD)
#: Quoted for CSV, since it contains commas.
CELL = f'"{HASH}"'
HEAD = "email,password_hash,id,email_verified,roles,disabled,created_at\n"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WATCHWORD_MASTER_KEY", "A" * 43)


def run(*args: str, url: str = "", status: int = 0) -> Result:
    database = ("--database", url) if url else ()
    done = CliRunner().invoke(main, [*args, *database])
    assert done.exit_code == status, done.output
    assert isinstance(done.exception, SystemExit | None), done.exc_info  # and no traceback
    return done


def counts(done: Result) -> tuple[int, int, int]:
    report = json.loads(done.stdout)
    return report["added"], report["already_there"], report["rejected"]


def rejects(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "users.rejects.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def shown(who: str, url: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("user", "show", who, "--json", url=url).stdout)
    return found


def test_all_known_data_of_a_user_is_imported(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "users.csv").write_text(
        HEAD + f"Ada@Example.com,{CELL},user-7,true,admin reader,no,2020-01-31T12:00:00Z\n"
        f'"bob@example.com",{CELL},,,,yes,1577836800\n',
        encoding="utf-8",
    )
    done = run("import", "users.csv", "--json", url=database_url)
    assert counts(done) == (2, 0, 0)
    assert json.loads(done.stdout)["rejects"] is None
    ada = shown("user-7", database_url)
    assert ada["email"] == "Ada@Example.com"
    assert ada["roles"] == ["admin", "reader"]
    assert ada["created_at"] == ada["email_verified_at"] == 1_580_472_000.0
    assert ada["disabled_at"] is None
    bob = shown("bob@example.com", database_url)
    assert bob["created_at"] == 1_577_836_800.0
    assert bob["email_verified_at"] is None
    assert bob["disabled_at"] is not None
    # One audit entry for the batch; a second run changes nothing.
    assert "users_imported" in run("audit", "tail", url=database_url).stdout
    assert counts(run("import", "users.csv", "--json", url=database_url)) == (0, 2, 0)


@pytest.mark.parametrize("words", [[], ["--dry-run"]])
def test_missing_database_is_one_line_and_is_not_created(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "users.jsonl").write_text("")
    url = f"sqlite:///{tmp_path}/typo.db"
    refused = run("import", "users.jsonl", *words, url=url, status=1)
    assert refused.stderr.startswith(f"Error: there is no database at {tmp_path}/typo.db; ")
    assert len(refused.stderr.splitlines()) == 1
    assert not list(tmp_path.glob("typo*"))


def test_json_lines_import_the_same_users(tmp_path: Path, sqlite_url: str) -> None:
    rows = [
        {"email": "ada@example.com", "password_hash": HASH, "roles": ["admin"], "disabled": True},
        {"email": "bob@example.com", "password": PASSWORD, "created_at": "2020-01-31T12:00:00Z"},
    ]
    text = "\n\n".join(json.dumps(row) for row in rows)
    (tmp_path / "users.jsonl").write_text(text, encoding="utf-8-sig")
    assert counts(run("import", "users.jsonl", "--json", url=sqlite_url)) == (2, 0, 0)
    assert shown("ada@example.com", sqlite_url)["roles"] == ["admin"]
    assert shown("bob@example.com", sqlite_url)["created_at"] == 1_580_472_000.0


def test_imported_users_log_in_with_their_passwords(serve: Serve, tmp_path: Path) -> None:
    salt = "0123456789abcdef"
    scrypt = hashlib.scrypt(PASSWORD.encode(), salt=salt.encode(), n=16, r=8, p=1, dklen=64).hex()
    rows = {
        "argon2": {"password_hash": HASH},
        "bcrypt": {"password_hash": bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()},
        "scrypt": {"password_hash": f"scrypt:16:8:1${salt}${scrypt}"},
        "plain": {"password": PASSWORD},
    }
    lines = [json.dumps({"email": f"{name}@example.com", **row}) for name, row in rows.items()]
    (tmp_path / "users.jsonl").write_text("\n".join(lines))
    run("db", "upgrade")
    run("import", "users.jsonl")
    server = serve("--workers", "1")
    server.wait_until_it_listens()
    for name in rows:
        for password, status in ((PASSWORD, 200), ("another password", 401)):
            body = json.dumps({"email": f"{name}@example.com", "password": password})
            assert server.post("/login", body)[0] == status, name


BAD_ROWS = [
    ("nobody", HASH, "", "@"),
    ("x@example.com", "plain text", "", "password_hash: it is not a hash of a supported kind"),
    ("x@example.com", "$2b$31$" + "a" * 53, "", "4 to 14 rounds"),
    (
        "x@example.com",
        "$argon2id$v=19$m=99999999,t=9,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
        "",
        "up to 256 MiB",
    ),
    ("x@example.com", "0" * 32, "", "not supported: an unsalted MD5"),
    ("x@example.com", "$argon2id$odd", "", "argon2 hash but is malformed"),
    ("x@example.com", "", "", "either password_hash or password"),
    ("x@example.com", HASH, "a/b", "id: 1 to 64"),
    ("x@example.com", HASH, "setup", "no name of ours"),
    ("ADA@example.com", HASH, "", "email: an earlier line has it"),
    ("x@example.com", HASH, "user-1", "id: an earlier line has it"),
]


def test_each_invalid_row_is_reported_with_its_line_and_written_to_the_rejects_file(
    tmp_path: Path, sqlite_url: str
) -> None:
    good = f"ada@example.com,{CELL},user-1,,,,\r\n"
    rows = "".join(f'{email},"{text}",{id_},,,,\r\n' for email, text, id_, _ in BAD_ROWS)
    folded = f'"two\r\nlines",{CELL},,,,,\r\n'
    more = f"b@example.com,{CELL},,perhaps,,,\r\n,{CELL}\r\nc@example.com,{CELL},,,,,soon\r\n"
    last = f"z@example.com,{CELL},,,,,\r\n"
    text = "\ufeff" + HEAD.replace("\n", "\r\n") + good + rows + folded + more + last
    (tmp_path / "users.csv").write_bytes(text.encode())
    done = run("import", "users.csv", "--json", url=sqlite_url, status=1)
    assert counts(done) == (2, 0, len(BAD_ROWS) + 4)
    found = rejects(tmp_path)
    for place, (row, (_, _, _, why)) in enumerate(zip(found, BAD_ROWS, strict=False)):
        assert row["line"] == place + 3
        assert why in row["reason"]
        assert f"line {row['line']}: {row['reason']}" in done.stderr
    folded_line = len(BAD_ROWS) + 3
    assert [row["line"] for row in found[len(BAD_ROWS) :]] == [
        folded_line,
        folded_line + 2,
        folded_line + 3,
        folded_line + 4,
    ]
    assert "email_verified" in found[-3]["reason"]
    assert "number of fields" in found[-2]["reason"]
    assert "created_at" in found[-1]["reason"]
    assert HASH not in done.stderr + done.stdout
    assert (tmp_path / "users.rejects.jsonl").stat().st_mode & 0o777 == 0o600


def test_corrected_rejects_can_be_imported(tmp_path: Path, sqlite_url: str) -> None:
    (tmp_path / "users.csv").write_text(HEAD + f"bob example.com,{CELL},,,reader,,\n")
    run("import", "users.csv", url=sqlite_url, status=1)
    file = tmp_path / "users.rejects.jsonl"
    file.write_text(file.read_text().replace("bob example.com", "bob@example.com"))
    assert counts(run("import", file.name, "--json", url=sqlite_url)) == (1, 0, 0)
    assert shown("bob@example.com", sqlite_url)["roles"] == ["reader"]


def test_existing_rejects_file_is_not_overwritten(tmp_path: Path, sqlite_url: str) -> None:
    (tmp_path / "users.csv").write_text(HEAD + f"bob example.com,{CELL},,,,,\n")
    run("import", "users.csv", url=sqlite_url, status=1)
    (tmp_path / "users.rejects.jsonl").write_text("mended\n")
    for number in (2, 3):
        again = run("import", "users.csv", "--json", url=sqlite_url, status=1)
        name = f"users.rejects-{number}.jsonl"
        assert json.loads(again.stdout)["rejects"] == name
        assert "bob example.com" in (tmp_path / name).read_text()
    assert (tmp_path / "users.rejects.jsonl").read_text() == "mended\n"


def test_line_that_is_not_json_can_be_corrected_in_the_rejects_file(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Over any number of rounds."""
    line = json.dumps({"email": "bob@example.com", "password_hash": HASH, "roles": ["reader"]})
    (tmp_path / "users.jsonl").write_text(line.replace("{", "").replace("}", "") + "\n")
    run("import", "users.jsonl", url=sqlite_url, status=1)
    once = tmp_path / "users.rejects.jsonl"
    once.write_text(once.read_text().replace('"text": "', '"text": "{'))
    run("import", once.name, url=sqlite_url, status=1)
    twice = tmp_path / "users.rejects.rejects.jsonl"
    twice.write_text(twice.read_text().replace('\\"]"', '\\"]}"'))
    assert counts(run("import", twice.name, "--json", url=sqlite_url)) == (1, 0, 0)
    assert shown("bob@example.com", sqlite_url)["roles"] == ["reader"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"text": "[]"}', "not a JSON object"),
        ('{"text": 7}', "unknown field `text`"),
        ('{"email": "x@example.com"', "not a JSON object"),
        ("[]", "not a JSON object"),
        ("[" * 5_000, "not a JSON object"),
        ('{"email": "x@example.com", "password": NaN}', "not a JSON object"),
        ('{"email": 7, "password": "x"}', "email: Expected `str`"),
        ('{"email": "x@example.com", "password": "x", "name": "x"}', "unknown field `name`"),
        ('{"email": "x@example.com", "password": "x", "roles": ["a b"]}', "is invalid"),
        ('{"email": "x@example.com", "password": "x", "created_at": 1e300}', "no date"),
        (
            '{"email": "x@example.com", "password": "x", "created_at": "2020-01-31T12:00:00"}',
            "zone",
        ),
        ('{"email": "' + "x" * 70_000 + '"}', "longer than 65536 characters"),
    ],
)
def test_line_that_is_not_a_record_is_rejected(
    tmp_path: Path, sqlite_url: str, line: str, why: str
) -> None:
    good = json.dumps({"email": "ada@example.com", "password_hash": HASH})
    (tmp_path / "users.jsonl").write_text(f"{line}\n{good}\n")
    done = run("import", "users.jsonl", "--json", url=sqlite_url, status=1)
    assert counts(done) == (1, 0, 1)
    (reject,) = rejects(tmp_path)
    assert reject["line"] == 1
    assert why in reject["reason"]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("users.csv", "mail,password\n", "unknown: 'mail'"),
        ("users.csv", "email,email,password\n", "repeated: email"),
        ("users.csv", "email,roles\n", "password_hash or password"),
        ("users.csv", "", "must name the columns"),
        ("users.txt", "", "neither a .csv nor a .jsonl file"),
        ("users.csv", b"email,password\n\xff\n", "is not UTF-8 text"),
    ],
)
def test_unusable_file_is_one_line(
    tmp_path: Path, sqlite_url: str, name: str, text: str | bytes, why: str
) -> None:
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    assert why in run("import", name, url=sqlite_url, status=1).stderr


def test_dry_run_reports_the_same_and_stores_nothing(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "users.csv").write_text(HEAD + f"ada@example.com,{CELL},,,,,\nbad,{CELL},,,,,\n")
    for _ in range(2):
        done = run("import", "users.csv", "--dry-run", "--json", url=database_url, status=1)
        assert counts(done) == (1, 0, 1)
    assert run("user", "list", url=database_url).stdout == ""


def test_existing_account_is_left_unchanged(tmp_path: Path, sqlite_url: str) -> None:
    (tmp_path / "users.csv").write_text(HEAD + f"ada@example.com,{CELL},one,,,,\n")
    run("import", "users.csv", url=sqlite_url)
    (tmp_path / "users.csv").write_text(
        HEAD + f"ADA@example.com,{CELL},,,admin,,\n"
        f"eve@example.com,{CELL},one,,,,\nada@EXAMPLE.com,{CELL},two,,,,\n"
    )
    done = run("import", "users.csv", "--json", url=sqlite_url, status=1)
    assert counts(done) == (0, 1, 2)
    assert [row["reason"] for row in rejects(tmp_path)] == [
        "email: an earlier line has it",
        "id: another account has it",
    ]
    assert shown("one", sqlite_url)["roles"] == []


def test_interrupted_import_continues_without_duplicates(tmp_path: Path, database_url: str) -> None:
    number = 6_000
    lines = [f"user{n}@example.com,{CELL},,,,,\n" for n in range(number)]
    (tmp_path / "users.csv").write_text(HEAD + "".join(lines))
    process = subprocess.Popen([*WATCHWORD, "import", "users.csv", "--database", database_url])
    try:
        give_up_at = time.monotonic() + 60
        while "users_imported" not in _log(database_url):
            assert time.monotonic() < give_up_at
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
    added, there, rejected = counts(run("import", "users.csv", "--json", url=database_url))
    assert there > 0
    assert there % 500 == 0  # whole batches
    assert (added + there, rejected) == (number, 0)
    listed = run("user", "list", url=database_url).stdout.splitlines()
    assert len(listed) == number


def _log(url: str) -> str:
    return run("audit", "tail", url=url).stdout
