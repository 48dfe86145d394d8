"""One GET: the request, and the accepted responses with their limits of size and time."""

import gzip
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flask_watchword.clock import Clock
from flask_watchword.infra.http.deadline import Deadline
from flask_watchword.infra.http.http_get import MAX_BYTES, Document, FetchFailed, get
from flask_watchword.infra.http.url import parse_url
from tests.infra.http.certificates import server_context
from tests.infra.http.elapsed import Elapsed
from tests.infra.http.site import Site, http_answer, running

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def fetch(url: str, elapsed: Clock = lambda: 0.0, tls: ssl.SSLContext | None = None) -> Document:
    return get(parse_url(url), Deadline(5.0, elapsed), tls or ssl.create_default_context())


def test_document_is_returned_with_its_freshness(site: Site) -> None:
    site.says("/jwks?a=b", http_answer(b'{"keys": []}', Cache_Control="max-age=600"))
    assert fetch(site.url("/jwks?a=b")) == Document(b'{"keys": []}', 600)


def test_chunked_document_is_joined(site: Site) -> None:
    site.says("/", CHUNKED, b"2\r\n{}\r\n", b"0\r\n\r\n")
    assert fetch(site.url()).body == b"{}"


def test_document_ended_by_the_connection_is_complete(site: Site) -> None:
    site.says("/", b"HTTP/1.0 200 OK\r\n\r\n", b"{", b"}")
    assert fetch(site.url()).body == b"{}"


def test_request_has_a_user_agent_and_accepts_no_compression(site: Site) -> None:
    site.says("/", http_answer())
    fetch(site.url())
    (request,) = site.requests
    assert sorted(request.splitlines()) == sorted(
        [
            "GET / HTTP/1.1",
            f"Host: 127.0.0.1:{site.port}",
            "Accept: application/jwk-set+json, application/json",
            "Accept-Encoding: identity",
            "User-Agent: Flask-Watchword",
            "Connection: close",
        ]
    )


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"])
def test_proxy_of_the_environment_is_not_used(
    site: Site, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running() as proxy:
        monkeypatch.setenv(name, proxy.url())
        monkeypatch.delenv("no_proxy", raising=False)
        site.says("/", http_answer())
        fetch(site.url())
        assert proxy.requests == []


@pytest.mark.parametrize("status", ["204 No Content", "206 Partial", "304 Not Modified", "500 No"])
def test_status_other_than_200_is_a_failure(site: Site, status: str) -> None:
    site.says("/", http_answer(b"", status))
    with pytest.raises(FetchFailed, match=f"answered with status {status[:3]}"):
        fetch(site.url())


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 T", "308 P"])
def test_three_redirects_on_the_host_are_followed(site: Site, status: str) -> None:
    site.says("/0", http_answer(b"", status, Location="/1"))
    site.says("/1", http_answer(b"", status, Location=site.url("/2")))
    site.says("/2", http_answer(b"", status, Location="3"))
    site.says("/3", http_answer(b"here"))
    assert fetch(site.url("/0")).body == b"here"


def test_fourth_redirect_is_a_failure(site: Site) -> None:
    site.says("/", http_answer(b"", "302 Found", Location="/"))
    with pytest.raises(FetchFailed, match="redirects more than 3 times"):
        fetch(site.url())
    assert len(site.requests) == 4


def test_redirect_to_another_host_is_not_followed(site: Site) -> None:
    with running() as other:
        for location in (other.url(), site.url("/", host="localhost"), "https://127.0.0.1/"):
            site.says("/", http_answer(b"", "302 Found", Location=location))
            with pytest.raises(FetchFailed, match="redirects to another scheme, host or port"):
                fetch(site.url())
        assert other.requests == []


def test_redirect_without_a_location_is_a_failure(site: Site) -> None:
    site.says("/", http_answer(b"", "302 Found"))
    with pytest.raises(FetchFailed, match="redirects more than 3 times"):
        fetch(site.url())


def endless(head: bytes, piece: bytes) -> Iterator[bytes]:
    yield head
    while True:
        yield piece


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (CHUNKED, b"1000\r\n" + b" " * 4096 + b"\r\n"),
        (b"HTTP/1.0 200 OK\r\n\r\n", b" " * 4096),
        (f"HTTP/1.0 200 OK\r\nContent-Length: {10**15}\r\n\r\n".encode(), b" " * 4096),
    ],
)
def test_document_over_the_size_limit_is_abandoned(site: Site, head: bytes, piece: bytes) -> None:
    site.answers["/"] = endless(head, piece)
    with pytest.raises(FetchFailed, match=f"more than {MAX_BYTES} bytes"):
        fetch(site.url())


def test_document_of_the_maximum_size_is_accepted_and_one_more_byte_rejected(site: Site) -> None:
    site.says("/", http_answer(b" " * MAX_BYTES))
    assert len(fetch(site.url()).body) == MAX_BYTES
    site.says("/", http_answer(b" " * (MAX_BYTES + 1)))
    with pytest.raises(FetchFailed, match="more than"):
        fetch(site.url())


def test_compressed_document_is_rejected(site: Site) -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    for coding in ("gzip", "GZIP", "deflate", "br", "identity, gzip"):
        site.says("/", http_answer(bomb, Content_Encoding=coding))
        with pytest.raises(FetchFailed, match="compressed"):
            fetch(site.url())


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n",
        CHUNKED + b"ffff\r\n",
        CHUNKED + b"0\r\nX-Trailer: ",
    ],
)
def test_server_that_sends_one_byte_per_second_is_abandoned(
    site: Site, elapsed: Elapsed, head: bytes
) -> None:
    def drip() -> Iterator[bytes]:
        yield head
        while True:
            elapsed.now += 1
            yield b"x"

    site.answers["/"] = drip()
    with pytest.raises(FetchFailed, match="took longer than 5 seconds"):
        fetch(site.url(), elapsed)


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
        (b"", b"HTTP/1.1 100 Continue\r\n" + b"X: x\r\n" * 90 + b"\r\n"),
        (CHUNKED, b"1;" + b"x" * 4096 + b"\r\n \r\n"),
        (CHUNKED + b"0\r\n", b"X: x\r\n" * 100),
    ],
)
def test_size_of_everything_around_the_document_is_limited(
    site: Site, head: bytes, piece: bytes
) -> None:
    site.answers["/"] = endless(head, piece)
    with pytest.raises(FetchFailed, match="too many bytes around"):
        fetch(site.url(), time.monotonic)


def test_endless_100_continue_responses_are_abandoned(site: Site, elapsed: Elapsed) -> None:
    def go_on() -> Iterator[bytes]:
        while True:
            elapsed.now += 1
            yield b"HTTP/1.1 100 Continue\r\n\r\n"

    site.answers["/"] = go_on()
    with pytest.raises(FetchFailed, match="took longer than 5 seconds"):
        fetch(site.url(), elapsed)


def test_redirects_share_one_time_limit(site: Site, elapsed: Elapsed) -> None:
    class Late:
        def __iter__(self) -> Iterator[bytes]:
            elapsed.now += 2
            yield http_answer(b"", "302 Found", Location="/")

    site.answers["/"] = Late()
    with pytest.raises(FetchFailed, match="took longer than 5 seconds"):
        fetch(site.url(), elapsed)
    assert len(site.requests) == 3


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 200 + b"\r\n",
        CHUNKED + b"zz\r\n",
        CHUNKED + b"10\r\n{",
    ],
)
def test_response_that_is_not_http_is_a_failure(site: Site, answer: bytes) -> None:
    site.says("/", answer)
    with pytest.raises(FetchFailed):
        fetch(site.url())


def test_rejected_connection_is_a_failure() -> None:
    with running() as site:
        url = site.url()
    with pytest.raises(FetchFailed, match="refused"):
        fetch(url)


def test_https_with_a_trusted_certificate_is_fetched(tmp_path: Path) -> None:
    context, trusted = server_context(tmp_path)
    with running(context) as site:
        site.says("/", http_answer(b"here"))
        tls = ssl.create_default_context(cafile=trusted)
        assert fetch(site.url(), tls=tls).body == b"here"
        assert f"Host: 127.0.0.1:{site.port}" in site.requests[0]


def test_self_signed_certificate_is_rejected(tmp_path: Path) -> None:
    context, _ = server_context(tmp_path)
    with running(context) as site, pytest.raises(FetchFailed, match="CERTIFICATE_VERIFY_FAILED"):
        fetch(site.url())
    assert site.requests == []


def test_certificate_of_another_host_is_rejected(tmp_path: Path) -> None:
    context, trusted = server_context(tmp_path, host="other.example")
    tls = ssl.create_default_context(cafile=trusted)
    with (
        running(context) as site,
        pytest.raises(FetchFailed, match=r"not valid for '127\.0\.0\.1'"),
    ):
        fetch(site.url(), tls=tls)


def test_redirect_from_https_to_http_is_not_followed(tmp_path: Path, site: Site) -> None:
    context, trusted = server_context(tmp_path)
    with running(context) as secure:
        secure.says("/", http_answer(b"", "302 Found", Location=site.url()))
        with pytest.raises(FetchFailed, match="redirects to another scheme"):
            fetch(secure.url(), tls=ssl.create_default_context(cafile=trusted))
    assert site.requests == []


def test_no_connection_stays_open(site: Site) -> None:
    site.answers["/"] = endless(CHUNKED, b"no chunk\r\n")
    with pytest.raises(FetchFailed):
        fetch(site.url())
    assert site.ended.acquire(timeout=30)
