from html.parser import HTMLParser
from pathlib import Path

import pytest

from flask_watchword.accounts.outbox import new_mail
from flask_watchword.service.mail.rendering import KINDS, BadTemplate, MailTemplates

LINK = "https://auth.example.com/reset?code=4711&x=1"
HOSTILE = "\"><script>alert(1)</script>&'@example.com"


class Links(HTMLParser):
    """Where the links of a page lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("href", "src")]


@pytest.fixture(scope="module")
def templates() -> MailTemplates:
    return MailTemplates("Example")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_message_says_whom_it_is_about_in_both_parts(
    templates: MailTemplates, kind: str
) -> None:
    body = templates.render(kind, email="ada@example.com", link=LINK, minutes=30)
    assert "Example" in body.subject
    assert "ada@example.com" in body.text
    assert "ada@example.com" in body.html
    page = Links()
    page.feed(body.html)
    assert page.found == ([LINK] if LINK in body.text else [])
    assert LINK in body.text or kind == "email_changed"
    assert new_mail(kind, "ada@example.com", body, 0.0).body == body


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_nothing_of_an_address_is_markup(templates: MailTemplates, kind: str) -> None:
    body = templates.render(kind, email=HOSTILE, link=LINK, minutes=30)
    assert "<script" not in body.html
    assert HOSTILE in body.text


def test_a_subject_is_one_line_whatever_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "verify_email.subject").write_text("{{ email }}\nat {{ product }}\n")
    body = MailTemplates("A\r\nB", tmp_path).render(
        "verify_email", email="ada\r\nBcc: eve@example.com"
    )
    assert body.subject == "ada Bcc: eve@example.com at A B"


def test_a_template_of_the_operators_is_used_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "verify_email.html").write_text("<b>{{ email }} {{ link }}</b>")
    templates = MailTemplates("Example", tmp_path)
    body = templates.render("verify_email", email=HOSTILE, link=LINK, minutes=1)
    assert body.html.startswith("<b>&#34;&gt;&lt;script")
    assert "Example" in body.text


@pytest.mark.parametrize("source", ["{{ unknown }}", "{% if %}", "{{ email.nothing.at_all }}"])
def test_a_template_that_cannot_be_used_is_found_out_at_the_start(
    tmp_path: Path, source: str
) -> None:
    (tmp_path / "reset_password.txt").write_text(source)
    with pytest.raises(BadTemplate, match=r"^reset_password\.txt: "):
        MailTemplates("Example", tmp_path)
