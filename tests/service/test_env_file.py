"""Settings in a ``.env`` file."""

from pathlib import Path

import pytest

from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.features.metrics.settings import METRICS_TOKEN
from flask_watchword.service.load_settings import (
    environment,
    read_database,
    read_session_store,
    read_settings,
)

SECRET = "a secret that nobody must see in a message"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(text: str | bytes, mode: int = 0o600) -> None:
    file = Path(".env")
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    file.chmod(mode)


def test_without_a_file_only_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHWORD_PORT", "8080")
    assert read_settings(environment()).port == 8080


def test_file_is_overridden_by_the_environment_and_by_options(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write("WATCHWORD_PORT=8080\nexport WATCHWORD_HOST='::1'\n# a remark\nOTHER=x\nODD\n")
    monkeypatch.setenv("WATCHWORD_HOST", "0.0.0.0")  # noqa: S104 - nothing listens
    settings = read_settings(environment(), workers=3)
    assert (settings.port, settings.host, settings.workers) == (8080, "0.0.0.0", 3)  # noqa: S104
    assert read_settings(environment(), port=9090).port == 9090


def test_every_command_reads_the_file() -> None:
    write("WATCHWORD_DATABASE=sqlite:////a.db\nWATCHWORD_VALKEY=valkey://cache/0\n")
    assert read_database(environ=environment()) == "sqlite:////a.db"
    assert read_session_store(environ=environment()) == "valkey://cache/0"


def test_mounted_service_reads_no_file() -> None:
    write("WATCHWORD_PORT=8080\n")
    assert read_settings().port == 5000


def test_value_is_taken_literally(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/root")
    write("WATCHWORD_SERVICE_NAME=${HOME} $HOME\n")
    assert read_settings(environment()).service_name == "${HOME} $HOME"


def test_secret_of_the_environment_overrides_the_file_under_either_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "key").write_text("from-the-file-that-the-environment-names")
    write("WATCHWORD_METRICS_TOKEN=from-env-and-long-enough-for-this\n")
    monkeypatch.setenv("WATCHWORD_METRICS_TOKEN_FILE", "key")
    secret = read_settings(environment())[METRICS_TOKEN]
    assert secret == "from-the-file-that-the-environment-names"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"\n\nWATCHWORD_METRICS_TOKEN='{SECRET}\n", ".env, line 3: cannot be parsed"),
        ("WATCHWORD_PORT\n", ".env, line 1: write WATCHWORD_PORT=value"),
        ("WATCHWORD_PORT=1\nWATCHWORD_PORT=2\n", ".env, line 2: WATCHWORD_PORT is set twice"),
        (b"WATCHWORD_PORT=\xff\n", ".env: is not UTF-8 text"),
    ],
)
def test_invalid_line_is_reported_without_its_value(text: str | bytes, why: str) -> None:
    write(text)
    with pytest.raises(InvalidSetting) as refused:
        environment()
    assert why in str(refused.value)
    assert SECRET not in str(refused.value)


def test_secret_readable_by_others_is_rejected() -> None:
    write(f"WATCHWORD_METRICS_TOKEN={SECRET}\n", 0o644)
    with pytest.raises(InvalidSetting, match=r"can read WATCHWORD_METRICS_TOKEN.*chmod o-rwx"):
        environment()
    write("WATCHWORD_PORT=8080\n", 0o644)
    assert read_settings(environment()).port == 8080


def test_settings_writable_by_others_are_rejected() -> None:
    write("WATCHWORD_PORT=8080\n", 0o666)
    with pytest.raises(InvalidSetting, match="can write"):
        environment()


def test_directory_named_env_counts_as_no_file(folder: Path) -> None:
    (folder / ".env").mkdir()
    assert read_settings(environment()).port == 5000


@pytest.mark.parametrize("where", ["environment", ".env"])
def test_unknown_setting_stops_the_start_with_a_suggestion(
    monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    if where == ".env":
        write("WATCHWORD_DATABSE=sqlite:///mine.db\n")
    else:
        monkeypatch.setenv("WATCHWORD_DATABSE", "sqlite:///mine.db")
    with pytest.raises(InvalidSetting) as refused:
        read_settings(environment())
    assert str(refused.value) == (
        "Unknown setting WATCHWORD_DATABSE. Did you mean WATCHWORD_DATABASE?"
    )


@pytest.mark.parametrize("name", ["REDIS", "TLS_CERT", "TIMEOUT", "DEBUG", "URL"])
def test_unknown_setting_without_a_similar_name_gets_no_suggestion(name: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        read_settings({f"WATCHWORD_{name}": "1"})
    assert str(refused.value) == f"Unknown setting WATCHWORD_{name}. Remove it"


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("DATABASES", "DATABASE"),
        ("LOGLEVEL", "LOG_LEVEL"),
        ("MASTERKEY_FILE", "MASTER_KEY_FILE"),
        ("WORKER", "WORKERS"),
        ("MAIL_FORM", "MAIL_FROM"),
    ],
)
def test_misspelt_setting_gets_a_suggestion(slip: str, meant: str) -> None:
    with pytest.raises(InvalidSetting, match=rf"Did you mean WATCHWORD_{meant}\?$"):
        read_settings({f"WATCHWORD_{slip}": "1"})


@pytest.mark.parametrize(
    "injected",
    [
        # A Kubernetes Service named watchword.
        {
            "WATCHWORD_SERVICE_HOST": "10.96.0.17",
            "WATCHWORD_SERVICE_PORT": "5000",
            "WATCHWORD_SERVICE_PORT_HTTP": "5000",
            "WATCHWORD_PORT": "tcp://10.96.0.17:5000",
            "WATCHWORD_PORT_5000_TCP": "tcp://10.96.0.17:5000",
            "WATCHWORD_PORT_5000_TCP_PROTO": "tcp",
            "WATCHWORD_PORT_5000_TCP_PORT": "5000",
            "WATCHWORD_PORT_5000_TCP_ADDR": "10.96.0.17",
        },
        # Services whose names start with it.
        {
            "WATCHWORD_DB_SERVICE_HOST": "10.96.0.18",
            "WATCHWORD_DB_SERVICE_PORT": "5432",
            "WATCHWORD_DB_PORT": "tcp://10.96.0.18:5432",
            "WATCHWORD_SMTP_PORT": "tcp://[fd00::1]:25",
            "WATCHWORD_SERVICE_PORT": "udp://10.96.0.18:53",
        },
        # Docker links.
        {
            "WATCHWORD_DB_NAME": "/web/watchword-db",
            "WATCHWORD_DB_PORT": "tcp://172.17.0.5:5432",
            "WATCHWORD_DB_PORT_5432_TCP_ADDR": "172.17.0.5",
            "WATCHWORD_DB_PORT_5432_TCP_START": "tcp://172.17.0.5:5432",
            "WATCHWORD_DB_ENV_POSTGRES_PASSWORD": "another's",
            "WATCHWORD_SERVICE_NAME": "/web/watchword_service",
            "WATCHWORD_ENV_PATH": "/bin",
            "WATCHWORD_PORT": "tcp://172.17.0.6:5000",
        },
    ],
)
def test_variables_injected_by_kubernetes_and_docker_are_ignored(injected: dict[str, str]) -> None:
    assert read_settings(injected) == read_settings({})
    assert read_settings(injected | {"WATCHWORD_WORKERS": "2"}).workers == 2


def test_port_setting_beside_injected_variables_is_used() -> None:
    environ = {"WATCHWORD_SERVICE_HOST": "10.96.0.17", "WATCHWORD_PORT": "8080"}
    assert read_settings(environ).port == 8080


@pytest.mark.parametrize("name", ["SMTP_PORT", "DB_NAME", "DB_ENV_X"])
def test_name_that_only_ends_like_an_injected_one_is_unknown(name: str) -> None:
    with pytest.raises(InvalidSetting, match=f"Unknown setting WATCHWORD_{name}"):
        read_settings({f"WATCHWORD_{name}": "25"})


def test_empty_variable_does_not_hide_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write("WATCHWORD_PORT=8080\nWATCHWORD_VALKEY=\n")
    monkeypatch.setenv("WATCHWORD_PORT", "")
    settings = read_settings(environment())
    assert (settings.port, settings.valkey) == (8080, None)


def test_empty_secret_may_be_readable_by_others() -> None:
    write("WATCHWORD_MASTER_KEY=\nWATCHWORD_PORT=8080\n", 0o644)
    assert read_settings(environment()).port == 8080
