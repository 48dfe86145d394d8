import io
from dataclasses import dataclass, field

import pytest

from flask_watchword.cli.serving.wsgi_environ import environ_of, is_forwarded_for_readable


class SentHeaders:
    """Headers as granian stores them: by lower-case name, the values of each in order."""

    def __init__(self, *sent: tuple[str, str]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in sent:
            self._values.setdefault(name.lower(), []).append(value)

    def keys(self) -> list[str]:
        return list(self._values)

    def get_all(self, name: str, /) -> list[str]:
        return [value for value in self._values.get(name, []) if value.isascii()]


@dataclass
class Head:
    headers: SentHeaders = field(default_factory=SentHeaders)
    http_version: str = "1.1"
    scheme: str = "http"
    method: str = "GET"
    path: str = "/"
    query_string: str = ""
    authority: str | None = None
    server: str = "127.0.0.1:5000"
    client: str = "192.0.2.1:4711"


ALIASES = ("X_Forwarded_For", "X-Forwarded_For", "X_Forwarded-For", "x_forwarded_for")


@pytest.mark.parametrize("alias", ALIASES)
@pytest.mark.parametrize("is_first", [True, False])
def test_second_spelling_of_a_header_is_dropped_in_any_position(alias: str, is_first: bool) -> None:
    forged, genuine = (alias, "203.0.113.7"), ("X-Forwarded-For", "192.0.2.1")
    sent = (forged, genuine) if is_first else (genuine, forged)
    assert environ_of(Head(SentHeaders(*sent)), b"")["HTTP_X_FORWARDED_FOR"] == "192.0.2.1"
    assert "HTTP_X_FORWARDED_FOR" not in environ_of(Head(SentHeaders(forged)), b"")


@pytest.mark.parametrize(
    "name", ["X_Request_ID", "X_CSRF_TOKEN", "Sec_Fetch_Site", "Content_Type", "Content_Length"]
)
def test_header_with_an_underscore_does_not_become_one_with_a_hyphen(name: str) -> None:
    environ = environ_of(Head(SentHeaders((name, "x"))), b"")
    assert not [key for key in environ if key.endswith(name.upper())]


def test_repeated_header_is_joined_in_order() -> None:
    sent = SentHeaders(
        ("X-Forwarded-For", "203.0.113.7"),
        ("Cookie", "a=1"),
        ("X-Forwarded-For", "192.0.2.1"),
        ("Cookie", "b=2"),
    )
    environ = environ_of(Head(sent), b"")
    assert environ["HTTP_X_FORWARDED_FOR"] == "203.0.113.7,192.0.2.1"
    assert environ["HTTP_COOKIE"] == "a=1;b=2"


def test_non_ascii_header_is_present_and_empty() -> None:
    environ = environ_of(Head(SentHeaders(("X-CSRF-TOKEN", "\xe9"))), b"")
    assert environ["HTTP_X_CSRF_TOKEN"] == ""


def test_environ_follows_pep_3333() -> None:
    sent = SentHeaders(("Host", "x"), ("Content-Type", "a/b"), ("Content-Length", "2"))
    head = Head(sent, method="POST", path="/\u00e9", query_string="q=%20", client="[2001:db8::1]:9")
    environ = environ_of(head, b"{}")
    assert isinstance(environ["wsgi.input"], io.BytesIO)
    assert environ["wsgi.input"].read() == b"{}"
    assert environ["REMOTE_ADDR"] == "2001:db8::1"
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("127.0.0.1", "5000")
    assert environ["PATH_INFO"] == "/\xc3\xa9"
    assert (environ["REQUEST_METHOD"], environ["QUERY_STRING"]) == ("POST", "q=%20")
    assert (environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"]) == ("a/b", "2")
    assert environ["HTTP_HOST"] == "x"
    assert not {"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"} & environ.keys()


def test_query_holds_bytes_as_the_path_does() -> None:
    environ = environ_of(Head(path="/\u20ac", query_string="q=\u20ac"), b"")
    assert environ["PATH_INFO"].encode("latin-1") == "/\u20ac".encode()
    assert environ["QUERY_STRING"].encode("latin-1") == "q=\u20ac".encode()


@pytest.mark.parametrize(
    ("values", "is_readable"),
    [
        ([], True),
        ([""], True),
        (["192.0.2.1"], True),
        # A proxy with a separate header line: its value is present.
        (["\xff", "192.0.2.1"], True),
        (["\xff, 192.0.2.1"], False),
    ],
)
def test_proxys_value_is_kept_beside_a_clients(values: list[str], is_readable: bool) -> None:
    sent = SentHeaders(*(("X-Forwarded-For", value) for value in values))
    assert is_forwarded_for_readable(sent) is is_readable
