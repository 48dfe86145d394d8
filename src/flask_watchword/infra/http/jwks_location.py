"""Where an issuer's keys are: at an address that is configured, or at one that it tells itself.

The second is OpenID Connect Discovery 1.0, section 4.
"""

import ssl
import time
from dataclasses import replace
from functools import cached_property

from flask_watchword.clock import Clock
from flask_watchword.infra.http.address import Address, BadAddress, is_loopback, read_address
from flask_watchword.infra.http.deadline import Deadline
from flask_watchword.infra.http.http_get import Document, FetchFailed, get
from flask_watchword.infra.http.proxy import Proxy
from flask_watchword.jose.encoding import parse_object

#: Seconds that everything may take: discovery, redirects and the keys.
TOTAL_SECONDS = 5.0

_WELL_KNOWN = "/.well-known/openid-configuration"


class KeyLocation:
    """Where the JWK Set of an issuer is fetched from.

    Args:
        issuer: the issuer, letter for letter as in ``iss``.
        jwks_url: the address of its JWK Set; ``None`` to ask the issuer's own configuration.
        tls: how certificates are verified; ``None`` for the machine's authorities.
        elapsed: a clock in seconds that nobody sets back.
        private_http: whether http may ask a host on a private network.
        proxy: what https addresses are asked through.

    Raises:
        BadAddress: when nothing may be fetched from there.
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
        self._address = read_address(url, private_http=private_http)
        if tls is not None:
            self._tls = tls

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        # Reading the authorities takes milliseconds, so not before somebody is asked.
        return ssl.create_default_context()

    def fetch(self) -> Document:
        """Fetch the JWK Set.

        Raises:
            FetchFailed: when it does not come.
        """
        deadline = Deadline(TOTAL_SECONDS, self._elapsed)
        address = self._discover(deadline) if self._discovered else self._address
        try:
            return get(address, deadline, self._tls, self._proxy)
        except FetchFailed as error:
            raise FetchFailed(f"the JWK Set: {error}") from error

    def _discover(self, deadline: Deadline) -> Address:
        try:
            document = get(self._address, deadline, self._tls, self._proxy)
            return self._told_address(document.body)
        except (FetchFailed, ValueError) as error:
            raise FetchFailed(f"the issuer's configuration: {error}") from error

    def _told_address(self, body: bytes) -> Address:
        told = parse_object(body)
        # Section 4.3: exactly equal, or one issuer could speak for another.
        if told.get("issuer") != self._issuer:
            raise FetchFailed(f"is that of another issuer, {told.get('issuer')!r:.100}")
        try:
            address = read_address(told.get("jwks_uri"), private_http=self._address.private_http)
        except BadAddress as error:
            raise FetchFailed(f"its jwks_uri {error}") from error
        if self._address.scheme == "https" and address.scheme != "https":
            raise FetchFailed("its jwks_uri is not https")
        if address.scheme == "http" and not self._may_be_http(address):
            raise FetchFailed("its jwks_uri is http to another host or port")
        # Nobody here has written this name: it must not make us ask what only we can reach. The
        # host of the issuer itself is the operator's word, wherever it leads.
        elsewhere = address.host != self._address.host and not self._is_http_on_this_machine()
        return replace(address, public=elsewhere)

    def _may_be_http(self, told: Address) -> bool:
        # "allow_http" is the operator's word for one place, which is the issuer's own.
        is_here = is_loopback(told.host) and self._is_http_on_this_machine()
        return is_here or told.origin == self._address.origin

    def _is_http_on_this_machine(self) -> bool:
        """Tell whether the issuer is one that is tried out, and reaches whatever we reach."""
        return self._address.scheme == "http" and is_loopback(self._address.host)


def configuration_url(issuer: str) -> str:
    """Return where an issuer's configuration is (OpenID Connect Discovery 1.0 section 4.1).

    Raises:
        BadAddress: when the issuer is a URL that has none.
    """
    if "?" in issuer or "#" in issuer:
        raise BadAddress("has a query or a fragment, so it has no configuration of its own")
    return issuer.removesuffix("/") + _WELL_KNOWN
