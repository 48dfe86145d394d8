"""Mail of the service, from a request to a mailbox."""

import logging
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_watchword.clock import system_clock
from flask_watchword.service.app import create_app, create_worker
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.context import service_context
from flask_watchword.service.mail.mailing import Mailing
from flask_watchword.service.stores import mail_transport, open_stores, opened_stores, prepare
from tests.servers.certificates import certificate_for
from tests.servers.smtp import PASSWORD, USER, running_smtp
from tests.service.under_test import BETTER, EMAIL, GOOD, ServiceUnderTest, code_in

TIMEOUT = 30.0


def until(condition: Callable[[], object]) -> None:
    give_up_at = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


@pytest.fixture
def settings(sqlite_url: str) -> Settings:
    return Settings(database=sqlite_url, master_key="A" * 43, workers=1)


def stop(app: Flask) -> None:
    with app.app_context():
        service_context().mailing.stop()
        service_context().mailing.join(TIMEOUT)


def test_registration_and_password_reset_work_with_mail_from_a_server(
    settings: Settings, tmp_path: Path
) -> None:
    tls, certificates = certificate_for("localhost", tmp_path)
    with running_smtp(tls, sign_in=True) as (received, port):
        password = PASSWORD.replace("'", "%27").replace(" ", "%20")
        settings = replace(
            settings,
            smtp=f"smtp://{USER}:{password}@localhost:{port}",
            smtp_certificates=certificates,
            mail_from="Example <login@example.com>",
            public_url="https://example.com/account",
        )
        prepare(settings)
        with opened_stores(settings) as stores:
            service = ServiceUnderTest(create_app(settings, stores=stores))
            assert service.post("/register", email=EMAIL, password=GOOD).status_code == 201
            until(lambda: len(received.messages) == 1)
            code = code_of(received.messages[0])
            assert service.post("/email/verify", code=code, password=GOOD).status_code == 204
            assert service.post("/password/forgot", email=EMAIL).status_code == 202
            until(lambda: len(received.messages) == 2)
            code = code_of(received.messages[1])
            answer = service.post("/password/reset", code=code, password=BETTER)
            assert answer.status_code == 200
            until(lambda: len(received.messages) == 3)
            assert service.log_in(password=BETTER).status_code == 200
            stop(service.app)
    assert received.over_tls == [True] * 3
    assert {to[0].lower() for _, to in received.envelopes} == {EMAIL.lower()}
    first = received.messages[0]
    assert first["From"] == "Example <login@example.com>"
    text = first.get_body(("plain",))
    assert text is not None
    assert "https://example.com/account/verify-email#code=" in text.get_content()


def code_of(message: Any) -> str:
    return code_in(message.get_body(("plain",)).get_content())


def test_without_a_mail_server_the_code_is_logged(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    prepare(settings)
    with opened_stores(settings) as stores, caplog.at_level(logging.WARNING):
        service = ServiceUnderTest(create_app(settings, stores=stores))
        service.post("/register", email=EMAIL, password=GOOD)
        until(lambda: "not confirmed" in caplog.text)
        stop(service.app)
        lines = "\n".join(record.getMessage() for record in caplog.records).split("\n")
        shown = "\n".join(line.removeprefix("  | ") for line in lines)
        assert service.post("/email/verify", code=code_in(shown), password=GOOD).status_code == 204


def test_worker_sends_mail_left_by_an_earlier_process(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(settings)
    with opened_stores(settings) as stores, monkeypatch.context() as patched:
        patched.setattr(Mailing, "ensure_running", lambda self: None)
        earlier = ServiceUnderTest(create_app(settings, stores=stores))
        earlier.post("/register", email=EMAIL, password=GOOD)
    with running_smtp() as (received, port):
        settings = replace(
            settings, smtp=f"smtp+plain://127.0.0.1:{port}", mail_from="login@example.com"
        )
        worker = create_worker(settings)
        until(lambda: received.messages)
        stop(worker)


def test_mail_server_outage_does_not_fail_requests(settings: Settings) -> None:
    settings = replace(settings, smtp="smtp+plain://127.0.0.1:1", mail_from="login@example.com")
    prepare(settings)
    with opened_stores(settings) as stores:
        service = ServiceUnderTest(create_app(settings, stores=stores))
        assert service.post("/register", email=EMAIL, password=GOOD).status_code == 201
        service.add_verified("bob@example.com")
        assert service.log_in("bob@example.com").status_code == 200
        stop(service.app)
        claimed = stores.accounts.repositories.outbox.claim(system_clock() + 86_000.0, 1.0)
        assert claimed is not None
        assert claimed.mail.recipient == EMAIL


def test_forked_application_sends_in_the_child(settings: Settings) -> None:
    prepare(settings)
    with running_smtp() as (received, port):
        settings = replace(
            settings, smtp=f"smtp+plain://127.0.0.1:{port}", mail_from="login@example.com"
        )
        app = create_app(settings, stores=open_stores(settings))
        service = ServiceUnderTest(app)
        service.post("/register", email=EMAIL, password=GOOD)
        until(lambda: len(received.messages) == 1)
        with app.app_context():
            parents = service_context().mailing._delivery
        assert parents is not None
        parents.stop()  # so that any further mail was sent by the child
        parents.join(TIMEOUT)
        readable, tell = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                service.post("/password/forgot", email=EMAIL)
                os.read(readable, 1)
                stop(app)
            finally:
                os._exit(0)
        try:
            until(lambda: len(received.messages) == 2)
        finally:
            os.write(tell, b".")
            os.waitpid(child, 0)
            os.close(readable)
            os.close(tell)


WRONG = [
    ({"smtp": "smtp://host"}, "WATCHWORD_MAIL_FROM: is needed"),
    ({"smtp": "smtp://host", "mail_from": "nobody"}, "WATCHWORD_MAIL_FROM: the sender"),
    ({"smtp": "http://hidden", "mail_from": "a@b.org"}, "WATCHWORD_SMTP: is not a URL"),
    ({"smtp": "smtp://host", "mail_from": "a@b.org", "smtp_certificates": Path(__file__)}, "CERTI"),
]


@pytest.mark.parametrize(("changes", "message"), WRONG)
def test_invalid_mail_configuration_stops_the_start(
    settings: Settings, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidSetting, match=message) as refused:
        mail_transport(replace(settings, **changes))
    assert "hidden" not in str(refused.value)


def test_invalid_template_stops_the_start(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "verify_email.txt").write_text("{{ cod }}")
    settings = replace(settings, mail_templates=tmp_path)
    prepare(settings)
    with (
        opened_stores(settings) as stores,
        pytest.raises(InvalidSetting, match=r"WATCHWORD_MAIL_TEMPLATES: verify_email\.txt"),
    ):
        create_app(settings, stores=stores)
