"""The location of an issuer's JWK Set: configured, or discovered.

Discovery follows OpenID Connect Discovery 1.0, section 4.
"""

import ssl
import time
from dataclasses import replace
from functools import cached_property

from flask_watchword.clock import Clock
from flask_watchword.infra.http.deadline import Deadline
from flask_watchword.infra.http.http_get import Document, FetchFailed, get
from flask_watchword.infra.http.proxy import Proxy
from flask_watchword.infra.http.url import Url, UrlNotAllowed, is_loopback, parse_url
from flask_watchword.jose.encoding import parse_object

#: Time limit in seconds for discovery, redirects and the keys together.
TOTAL_SECONDS = 5.0

_WELL_KNOWN = "/.well-known/openid-configuration"


class KeyLocation:
    """The location of an issuer's JWK Set.

    Args:
        issuer: the issuer, exactly as in ``iss``.
        jwks_url: URL of its JWK Set; ``None`` to discover it from the issuer's configuration.
        tls: TLS context that verifies certificates; ``None`` for the system's authorities.
        elapsed: monotonic clock in seconds.
        private_http: whether http to a host on a private network is allowed.
        proxy: proxy for https URLs.

    Raises:
        UrlNotAllowed: when nothing may be fetched from there.
    """

    def __init__(
        self,
        issuer: str,
        jwks_url: str | None,
        *,
        tls: ssl.SSLContext | None = None,
        elapsed: Clock = time.monotonic,
        private_http: bool = False,
        proxy: Proxy | None = None,
    ) -> None:
        self._issuer = issuer
        self._elapsed = elapsed
        self._proxy = proxy
        self._discovered = jwks_url is None
        url = configuration_url(issuer) if jwks_url is None else jwks_url
        self._url = parse_url(url, private_http=private_http)
        if tls is not None:
            self._tls = tls

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        # Loading the authorities takes milliseconds, so they are loaded at the first request.
        return ssl.create_default_context()

    def fetch(self) -> Document:
        """Fetch the JWK Set.

        Raises:
            FetchFailed: when it cannot be fetched.
        """
        deadline = Deadline(TOTAL_SECONDS, self._elapsed)
        url = self._discover(deadline) if self._discovered else self._url
        try:
            return get(url, deadline, self._tls, self._proxy)
        except FetchFailed as error:
            raise FetchFailed(f"the JWK Set: {error}") from error

    def _discover(self, deadline: Deadline) -> Url:
        try:
            document = get(self._url, deadline, self._tls, self._proxy)
            return self._jwks_uri(document.body)
        except (FetchFailed, ValueError) as error:
            raise FetchFailed(f"the issuer's configuration: {error}") from error

    def _jwks_uri(self, body: bytes) -> Url:
        configuration = parse_object(body)
        # Section 4.3: they must be equal, or one issuer could provide keys for another.
        if configuration.get("issuer") != self._issuer:
            raise FetchFailed(f"is that of another issuer, {configuration.get('issuer')!r:.100}")
        try:
            url = parse_url(configuration.get("jwks_uri"), private_http=self._url.private_http)
        except UrlNotAllowed as error:
            raise FetchFailed(f"its jwks_uri {error}") from error
        if self._url.scheme == "https" and url.scheme != "https":
            raise FetchFailed("its jwks_uri is not https")
        if url.scheme == "http" and not self._may_be_http(url):
            raise FetchFailed("its jwks_uri is http to another host or port")
        # The operator has not configured this name. It must not make this machine send requests to
        # hosts that only it can reach. The issuer's own host is configured, so it may be private.
        elsewhere = url.host != self._url.host and not self._is_http_on_this_machine()
        return replace(url, public=elsewhere)

    def _may_be_http(self, url: Url) -> bool:
        # "allow_http" allows http for one origin, which is the issuer's own.
        is_here = is_loopback(url.host) and self._is_http_on_this_machine()
        return is_here or url.origin == self._url.origin

    def _is_http_on_this_machine(self) -> bool:
        """Return whether the issuer runs on this machine for development."""
        return self._url.scheme == "http" and is_loopback(self._url.host)


def configuration_url(issuer: str) -> str:
    """Return the URL of an issuer's configuration (OpenID Connect Discovery 1.0 section 4.1).

    Raises:
        UrlNotAllowed: when the issuer is a URL that cannot have a configuration.
    """
    if "?" in issuer or "#" in issuer:
        raise UrlNotAllowed("has a query or a fragment, so it has no configuration of its own")
    return issuer.removesuffix("/") + _WELL_KNOWN
