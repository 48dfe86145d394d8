"""Where an issuer's keys are found."""

import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flask_watchword.infra.http.http_get import FetchFailed
from flask_watchword.infra.http.jwks_location import KeyLocation, configuration_url
from flask_watchword.infra.http.url import UrlNotAllowed, parse_url
from tests.infra.http.certificates import server_context
from tests.infra.http.elapsed import Elapsed
from tests.infra.http.site import Site, http_answer, running

CONFIGURATION = "/.well-known/openid-configuration"


def serve_configuration(site: Site, issuer: str, path: str = "", **members: Any) -> None:
    configuration = {"issuer": issuer, "jwks_uri": site.url("/jwks"), **members}
    site.serves(f"{path}{CONFIGURATION}", configuration)


def test_keys_are_fetched_from_the_configured_url(site: Site) -> None:
    site.serves("/jwks", {"keys": []}, Cache_Control="max-age=600")
    document = KeyLocation("any name", site.url("/jwks")).fetch()
    assert (document.body, document.fresh_seconds) == (b'{"keys": []}', 600)
    assert site.asked("/jwks") == len(site.requests) == 1


@pytest.mark.parametrize(
    ("issuer", "target"),
    [
        ("https://a.example", CONFIGURATION),
        ("https://a.example/", CONFIGURATION),
        ("https://a.example/realms/one", f"/realms/one{CONFIGURATION}"),
        ("https://a.example/realms/one/", f"/realms/one{CONFIGURATION}"),
        ("https://a.example//", f"/{CONFIGURATION}"),
    ],
)
def test_discovery_document_is_below_the_path_of_the_issuer(issuer: str, target: str) -> None:
    address = parse_url(configuration_url(issuer))
    assert (address.host, address.target) == ("a.example", target)


@pytest.mark.parametrize(
    "issuer", ["a.example", "http://a.example", "https://a.example?x=1", "https://a.example#x", ""]
)
def test_issuer_that_is_not_a_url_has_no_discovery_document(issuer: str) -> None:
    with pytest.raises(UrlNotAllowed):
        KeyLocation(issuer, None)


@pytest.mark.parametrize("path", ["", "/", "/realms/one", "/realms/one/"])
def test_discovery_document_names_the_jwks_url(site: Site, path: str) -> None:
    issuer = site.url(path)
    serve_configuration(site, issuer, path.removesuffix("/"))
    site.serves("/jwks", {"keys": []}, Cache_Control="max-age=600")
    document = KeyLocation(issuer, None).fetch()
    assert (document.body, document.fresh_seconds) == (b'{"keys": []}', 600)


def test_jwks_url_is_discovered_each_time(site: Site) -> None:
    location = KeyLocation(site.url(""), None)
    serve_configuration(site, site.url(""))
    site.serves("/jwks", 1)
    assert location.fetch().body == b"1"
    serve_configuration(site, site.url(""), jwks_uri=site.url("/moved"))
    site.serves("/moved", 2)
    assert location.fetch().body == b"2"


def test_discovery_document_of_another_issuer_is_rejected_by_exact_comparison(site: Site) -> None:
    right = site.url("/realms/one")
    others = [right + "/", right.upper(), right + "2", "https://a.example", "", None, [right], 7]
    for other in others:
        site.requests.clear()
        site.serves(f"/realms/one{CONFIGURATION}", {"issuer": other, "jwks_uri": site.url("/jwks")})
        with pytest.raises(FetchFailed, match="the issuer's configuration: is that of another"):
            KeyLocation(right, None).fetch()
        assert site.asked("/jwks") == 0


def test_discovery_document_without_an_issuer_is_rejected(site: Site) -> None:
    site.serves(CONFIGURATION, {"jwks_uri": site.url("/jwks")})
    with pytest.raises(FetchFailed, match="is that of another issuer"):
        KeyLocation(site.url(""), None).fetch()


@pytest.mark.parametrize(
    ("jwks_uri", "error"),
    [
        ("http://keys.example/jwks", "its jwks_uri is http"),
        ("file:///etc/passwd", "its jwks_uri is not an https"),
        ("/jwks", "its jwks_uri is not an https"),
        (None, "its jwks_uri is not a URL"),
        (["https://keys.example/jwks"], "its jwks_uri is not a URL"),
    ],
)
def test_discovered_jwks_url_must_meet_the_same_rules(
    site: Site, jwks_uri: Any, error: str
) -> None:
    serve_configuration(site, site.url(""), jwks_uri=jwks_uri)
    with pytest.raises(FetchFailed, match=error):
        KeyLocation(site.url(""), None).fetch()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"not json",
        b'{"issuer": NaN}',
        b"\xef\xbb\xbf{}",
        b'{"issuer": "https://evil.example", "issuer": "%s"}',
        b'{"issuer": ' + b"[" * 100 + b"]" * 100 + b"}",
    ],
)
def test_discovery_document_that_is_not_strict_json_is_rejected(site: Site, body: bytes) -> None:
    body = body.replace(b"%s", site.url("").encode())
    site.says(CONFIGURATION, http_answer(body))
    with pytest.raises(FetchFailed, match="the issuer's configuration: "):
        KeyLocation(site.url(""), None).fetch()


def test_discovery_and_keys_share_one_time_limit(site: Site, elapsed: Elapsed) -> None:
    configuration = json.dumps({"issuer": site.url(""), "jwks_uri": site.url("/jwks")})

    def after_three_seconds(answer: bytes) -> Iterator[bytes]:
        elapsed.now += 3
        yield answer

    site.answers[CONFIGURATION] = after_three_seconds(http_answer(configuration.encode()))
    moved = http_answer(b"", "302 Found", Location="/moved")
    site.answers["/jwks"] = after_three_seconds(moved)
    site.serves("/moved", {"keys": []})
    with pytest.raises(FetchFailed, match="the JWK Set: took longer than 5 seconds"):
        KeyLocation(site.url(""), None, elapsed=elapsed).fetch()


def test_error_names_the_failed_step(site: Site) -> None:
    with pytest.raises(
        FetchFailed, match=r"^the issuer's configuration: answered with status 404$"
    ):
        KeyLocation(site.url(""), None).fetch()
    serve_configuration(site, site.url(""))
    with pytest.raises(FetchFailed, match=r"^the JWK Set: answered with status 404$"):
        KeyLocation(site.url(""), None).fetch()


def test_https_issuer_cannot_redirect_to_http_on_this_machine(tmp_path: Path, site: Site) -> None:
    context, trusted = server_context(tmp_path)
    tls = ssl.create_default_context(cafile=trusted)
    with running(context) as secure:
        serve_configuration(secure, secure.url(""), jwks_uri=site.url("/jwks"))
        with pytest.raises(FetchFailed, match="its jwks_uri is not https"):
            KeyLocation(secure.url(""), None, tls=tls).fetch()
        assert site.requests == []
        serve_configuration(secure, secure.url(""))
        secure.serves("/jwks", {"keys": []})
        assert KeyLocation(secure.url(""), None, tls=tls).fetch().body == b'{"keys": []}'


def test_issuer_cannot_redirect_to_another_host_that_is_not_public(tmp_path: Path) -> None:
    context, trusted = server_context(tmp_path)
    tls = ssl.create_default_context(cafile=trusted)
    with running(context) as secure, running(context) as inside:
        for host in ("localhost", "127.0.0.2", "[::ffff:127.0.0.1]"):
            serve_configuration(secure, secure.url(""), jwks_uri=inside.url("/jwks", host=host))
            with pytest.raises(FetchFailed, match=r"Set: resolves to .*, which is not public"):
                KeyLocation(secure.url(""), None, tls=tls).fetch()
        assert not inside.ended.acquire(timeout=0.05)
        serve_configuration(secure, secure.url(""), jwks_uri=inside.url("/jwks"))
        inside.serves("/jwks", {"keys": []})
        assert KeyLocation(secure.url(""), None, tls=tls).fetch().body == b'{"keys": []}'


def test_system_certificate_authorities_are_trusted_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = server_context(tmp_path)
    with running(context) as secure:
        secure.serves("/jwks", {"keys": []})
        with pytest.raises(FetchFailed, match="CERTIFICATE_VERIFY_FAILED"):
            KeyLocation("issuer", secure.url("/jwks")).fetch()
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        assert KeyLocation("issuer", secure.url("/jwks")).fetch().body == b'{"keys": []}'


@pytest.fixture
def keycloak(monkeypatch: pytest.MonkeyPatch) -> str:
    """A name that resolves to this machine without being its name."""
    resolve = socket.getaddrinfo

    def resolved(host: str, *args: Any, **kwargs: Any) -> Any:
        return resolve("127.0.0.1" if host == "keycloak" else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    return "keycloak"


def test_allowed_http_fetches_the_keys(site: Site, keycloak: str) -> None:
    issuer = site.url("/realms/shop", host=keycloak)
    configuration = {"issuer": issuer, "jwks_uri": site.url("/jwks", host=keycloak)}
    site.serves(f"/realms/shop{CONFIGURATION}", configuration)
    site.serves("/jwks", {"keys": []})
    assert KeyLocation(issuer, None, private_http=True).fetch().body == b'{"keys": []}'
    url = site.url("/jwks", host=keycloak)
    assert KeyLocation("shop", url, private_http=True).fetch().body == b'{"keys": []}'
    for discovered in (None, url):
        with pytest.raises(UrlNotAllowed, match='set "allow_http"'):
            KeyLocation(issuer, discovered)


@pytest.mark.parametrize(
    "jwks_uri", ["http://keycloak:1/jwks", "http://other:8080/jwks", "http://localhost:9200/_all"]
)
def test_http_is_allowed_only_to_the_issuers_own_host(
    site: Site, keycloak: str, jwks_uri: str
) -> None:
    issuer = site.url("", host=keycloak)
    site.serves(CONFIGURATION, {"issuer": issuer, "jwks_uri": jwks_uri})
    with pytest.raises(FetchFailed, match="http to another host or port"):
        KeyLocation(issuer, None, private_http=True).fetch()


def test_redirect_stays_where_http_is_allowed(site: Site, keycloak: str) -> None:
    site.serves("/jwks", {"keys": []})
    site.says("/old", http_answer(status="302 Found", Location="/jwks"))
    location = KeyLocation("shop", site.url("/old", host=keycloak), private_http=True)
    assert location.fetch().body == b'{"keys": []}'


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2"])
def test_issuer_on_a_private_network_cannot_redirect_to_another_private_host(
    site: Site, keycloak: str, host: str
) -> None:
    issuer = site.url("", host=keycloak)
    site.serves(CONFIGURATION, {"issuer": issuer, "jwks_uri": f"https://{host}:{site.port}/jwks"})
    with pytest.raises(FetchFailed, match=r"Set: resolves to .*, which is not public"):
        KeyLocation(issuer, None, private_http=True).fetch()
