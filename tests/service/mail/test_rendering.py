from html.parser import HTMLParser
from pathlib import Path

import pytest

from flask_watchword.accounts.outbox import new_mail
from flask_watchword.service.mail.rendering import BadTemplate, MailTemplates
from tests.service.mail.of_features import KINDS, WITH_CODE, mail_templates

LINK = "https://auth.example.com/reset?code=4711&x=1"
CODE = "code-4711"
HOSTILE = "\"><script>alert(1)</script>&'@example.com"


class Links(HTMLParser):
    """Collect the targets of the links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("href", "src")]


@pytest.fixture(scope="module")
def templates() -> MailTemplates:
    return mail_templates("Example")


@pytest.mark.parametrize("kind", KINDS)
def test_every_message_names_its_account_in_both_parts(templates: MailTemplates, kind: str) -> None:
    body = templates.render(
        kind, email="ada@example.com", code=CODE, link=LINK, within="30 minutes"
    )
    assert "Example" in body.subject
    assert "ada@example.com" in body.text
    assert "ada@example.com" in body.html
    page = Links()
    page.feed(body.html)
    has_code = kind in WITH_CODE
    assert page.found == ([LINK] if has_code else [])
    assert [word in body.text for word in (LINK, CODE, "30 minutes")] == [has_code] * 3
    assert [word in body.html for word in (CODE, "30 minutes")] == [has_code] * 2
    assert new_mail(kind, "ada@example.com", body, 0.0).body == body


def test_without_a_public_url_a_message_has_only_the_code(templates: MailTemplates) -> None:
    body = templates.render("verify_email", email="ada@example.com", code=CODE, within="30 minutes")
    assert CODE in body.text
    assert CODE in body.html
    assert "link" not in body.text
    assert "<a" not in body.html


@pytest.mark.parametrize("kind", KINDS)
def test_address_is_escaped_in_html(templates: MailTemplates, kind: str) -> None:
    body = templates.render(kind, email=HOSTILE, link=LINK, within="30 minutes")
    assert "<script" not in body.html
    assert HOSTILE in body.text


def test_subject_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "verify_email.subject").write_text("{{ email }}\nat {{ product }}\n")
    body = mail_templates("A\r\nB", tmp_path).render(
        "verify_email", email="ada\r\nBcc: eve@example.com"
    )
    assert body.subject == "ada Bcc: eve@example.com at A B"


def test_operators_template_replaces_the_built_in_one(tmp_path: Path) -> None:
    (tmp_path / "verify_email.html").write_text("<b>{{ email }} {{ link }}</b>")
    templates = mail_templates("Example", tmp_path)
    body = templates.render("verify_email", email=HOSTILE, link=LINK, within="1 minute")
    assert body.html.startswith("<b>&#34;&gt;&lt;script")
    assert "Example" in body.text


@pytest.mark.parametrize("source", ["{{ unknown }}", "{% if %}", "{{ email.nothing.at_all }}"])
def test_invalid_template_is_rejected_at_startup(tmp_path: Path, source: str) -> None:
    (tmp_path / "reset_password.txt").write_text(source)
    with pytest.raises(BadTemplate, match=r"^reset_password\.txt: "):
        mail_templates("Example", tmp_path)
