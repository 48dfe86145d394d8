"""Keys that are fetched through a proxy."""

import base64
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from flask_watchword.infra.errors import UnusableProxy
from flask_watchword.infra.http.deadline import Deadline
from flask_watchword.infra.http.http_get import FetchFailed, get
from flask_watchword.infra.http.jwks_location import KeyLocation
from flask_watchword.infra.http.proxy import Proxy, environment_proxy
from flask_watchword.infra.http.url import Url, parse_url
from tests.infra.http.certificates import server_context
from tests.infra.http.elapsed import Elapsed
from tests.infra.http.site import Site, running
from tests.servers.connect_proxy import ConnectProxy, connect_proxy

# A name that does not resolve on this machine.
HOST = "keys.invalid"
URL = f"https://{HOST}/jwks"
TUNNEL = f"{HOST}:443"


@pytest.fixture
def proxy() -> Iterator[ConnectProxy]:
    with connect_proxy() as proxy:
        yield proxy


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    return server_context(tmp_path_factory.mktemp("tls"), host=HOST)


@pytest.fixture
def tls(certificate: tuple[ssl.SSLContext, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate[1])


@pytest.fixture
def site(certificate: tuple[ssl.SSLContext, Path], proxy: ConnectProxy) -> Iterator[Site]:
    with running(certificate[0]) as site:
        site.serves("/jwks", {"keys": []})
        proxy.leads_to[TUNNEL] = site.port
        yield site


def through(url: str, **environ: str) -> Proxy:
    found = environment_proxy({"HTTPS_PROXY": url, **environ})
    assert found is not None
    return found


def fetch(proxy: Proxy, tls: ssl.SSLContext, address: Url | None = None) -> bytes:
    address = address or parse_url(URL)
    return get(address, Deadline(5.0, Elapsed()), tls, proxy).body


def test_host_known_only_to_the_proxy_is_fetched(
    site: Site, proxy: ConnectProxy, tls: ssl.SSLContext
) -> None:
    assert fetch(through(proxy.url), tls) == b'{"keys": []}'
    assert proxy.requests == [f"CONNECT {TUNNEL} HTTP/1.1\nHost: {TUNNEL}\n"]
    # The request inside the tunnel has the name of the host, and no proxy headers.
    assert f"Host: {HOST}\n" in site.requests[0]
    assert "Proxy" not in site.requests[0]


def test_certificate_is_checked_for_the_host(
    site: Site, proxy: ConnectProxy, tls: ssl.SSLContext
) -> None:
    proxy.leads_to["other.invalid:443"] = site.port
    with pytest.raises(FetchFailed, match="certificate"):
        fetch(through(proxy.url), tls, parse_url("https://other.invalid/jwks"))
    with pytest.raises(FetchFailed, match="certificate"):
        fetch(through(proxy.url), ssl.create_default_context())


def test_credentials_are_decoded_from_the_url(
    site: Site, proxy: ConnectProxy, tls: ssl.SSLContext
) -> None:
    proxy.credentials = ("ada", "p@ss:w\u00f6rd")
    url = f"http://ada:p%40ss%3Aw%C3%B6rd@127.0.0.1:{proxy.port}"
    assert fetch(through(url), tls) == b'{"keys": []}'
    assert "Authorization" not in site.requests[0]


def test_error_about_wrong_credentials_does_not_contain_them(
    site: Site, proxy: ConnectProxy, tls: ssl.SSLContext
) -> None:
    proxy.credentials = ("ada", "right")
    wrong = through(f"http://ada:wrong@127.0.0.1:{proxy.port}")
    with pytest.raises(FetchFailed, match="rejects the credentials") as failed:
        fetch(wrong, tls)
    encoded = base64.b64encode(b"ada:wrong").decode()
    assert "wrong" not in str(failed.value) + repr(wrong)
    assert encoded not in str(failed.value) + repr(wrong)


def test_rejection_by_the_proxy_is_reported_with_its_status(
    site: Site, proxy: ConnectProxy, tls: ssl.SSLContext
) -> None:
    proxy.leads_to.clear()
    with pytest.raises(FetchFailed, match=rf"127.0.0.1:{proxy.port} refuses .* status 403"):
        fetch(through(proxy.url), tls)


@pytest.mark.parametrize(
    "answer",
    [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 4000, b"\r\n\r\n"],
    ids=["nothing", "ssh", "no end", "no status"],
)
def test_response_that_is_not_from_an_http_proxy_is_rejected(
    site: Site, proxy: ConnectProxy, tls: ssl.SSLContext, answer: bytes
) -> None:
    proxy.answer = answer
    with pytest.raises(FetchFailed, match=r"does not answer as|refuses a tunnel|reset"):
        fetch(through(proxy.url), tls)


def test_unreachable_proxy_is_named(tls: ssl.SSLContext) -> None:
    with connect_proxy() as gone:
        url = gone.url
    with pytest.raises(FetchFailed, match=r"the proxy 127.0.0.1:\d+ cannot be reached"):
        fetch(through(url), tls)


def test_proxy_shares_the_time_limit_of_the_fetch(
    site: Site, proxy: ConnectProxy, tls: ssl.SSLContext
) -> None:
    elapsed = Elapsed()
    deadline = Deadline(5.0, elapsed)
    elapsed.now += 6.0
    with pytest.raises(FetchFailed, match="longer than 5 seconds"):
        get(parse_url(URL), deadline, tls, through(proxy.url))


# Exempt hosts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exempt", "url", "served"),
    [
        ("", "https://a.example/", True),
        ("*", "https://a.example/", False),
        ("a.example", "https://a.example/", False),
        ("A.Example", "https://a.EXAMPLE/", False),
        ("example", "https://a.example/", False),
        (".example", "https://a.example/", False),
        ("*.example", "https://a.example/", False),
        ("b.example, a.example", "https://a.example/", False),
        ("a.example", "https://aa.example/", True),
        ("xample", "https://a.example/", True),
        ("a.example:443", "https://a.example/", False),
        ("a.example:8443", "https://a.example/", True),
        ("10.0.0.0/8", "https://10.1.2.3/", False),
        ("10.0.0.0/8", "https://11.1.2.3/", True),
        ("10.1.2.3", "https://10.1.2.3/", False),
        ("fd00::/8", "https://[fd00::1]/", False),
        ("::1", "https://[::1]/", False),
        ("[::1]:443", "https://[::1]/", False),
        ("[::1]:444", "https://[::1]/", True),
        (",,", "https://a.example/", True),
        # Only this machine and private networks are fetched by http, and never through a proxy.
        ("", "http://localhost/", False),
    ],
)
def test_no_proxy_exempts_hosts(exempt: str, url: str, served: bool) -> None:
    assert through("http://proxy", NO_PROXY=exempt).serves(parse_url(url)) == served


def test_exempt_host_is_connected_directly(
    site: Site, proxy: ConnectProxy, tls: ssl.SSLContext
) -> None:
    direct = through(proxy.url, no_proxy="127.0.0.1")
    with pytest.raises(FetchFailed, match="certificate"):  # which is another host's
        fetch(direct, tls, parse_url(site.url("/jwks")))
    assert proxy.requests == []


# Restrictions that remain -------------------------------------------------------------------


@pytest.mark.parametrize("host", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "[::1]", "localhost"])
def test_issuer_cannot_send_a_proxy_to_an_address_that_is_not_public(
    site: Site, proxy: ConnectProxy, tls: ssl.SSLContext, host: str
) -> None:
    issuer = f"https://{HOST}"
    configuration = {"issuer": issuer, "jwks_uri": f"https://{host}/jwks"}
    site.serves("/.well-known/openid-configuration", configuration)
    location = KeyLocation(issuer, None, tls=tls, elapsed=Elapsed(), proxy=through(proxy.url))
    with pytest.raises(FetchFailed, match="is not public"):
        location.fetch()
    assert len(proxy.requests) == 1


def test_name_known_only_to_the_proxy_is_resolved_by_the_proxy(
    site: Site, proxy: ConnectProxy, tls: ssl.SSLContext
) -> None:
    issuer = f"https://{HOST}"
    configuration = {"issuer": issuer, "jwks_uri": "https://elsewhere.invalid/jwks"}
    site.serves("/.well-known/openid-configuration", configuration)
    location = KeyLocation(issuer, None, tls=tls, elapsed=Elapsed(), proxy=through(proxy.url))
    with pytest.raises(FetchFailed, match="refuses a tunnel with status 403"):
        location.fetch()


# The environment ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTP_PROXY": "http://proxy:3128"}, None),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "proxy:3128"),
        ({"HTTPS_PROXY": "http://proxy:3128/"}, "proxy:3128"),
        ({"HTTPS_PROXY": "proxy:3128"}, "proxy:3128"),
        ({"HTTPS_PROXY": "http://proxy"}, "proxy:80"),
        ({"HTTPS_PROXY": "http://one:1", "https_proxy": "http://two:2"}, "two:2"),
    ],
)
def test_proxy_is_read_from_https_proxy(environ: dict[str, str], name: str | None) -> None:
    found = environment_proxy(environ)
    assert (found and found.name) == name


@pytest.mark.parametrize(
    "url",
    [
        "https://proxy:3128",
        "socks5://proxy:1080",
        "http://",
        "http://ada:secret@:3128",
        "http://ada:secret@proxy:99999",
        "http://ada:secret@proxy/path",
        "http://[proxy",
    ],
)
def test_other_kind_of_proxy_is_rejected_without_its_credentials(url: str) -> None:
    with pytest.raises(UnusableProxy, match="HTTPS_PROXY is not") as refused:
        environment_proxy({"HTTPS_PROXY": url})
    assert "secret" not in str(refused.value)
