"""Check the origin of requests with cookies: the service's own, or a configured one.

A browser sends cookies with the requests of any page. It sets ``Origin`` and ``Sec-Fetch-Site``
itself: no page can forge them.
"""

from flask import Request

from flask_watchword.extension.errors import CSRFError
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.web_origin import origin_of

#: RFC 9110 section 9.2.1: these methods change nothing.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
#: ``Sec-Fetch-Site`` of the service's own pages, and of an address that the user has typed (Fetch
#: Metadata section 2.4).
_HARMLESS_SITES = frozenset({"same-origin", "none"})


class CrossOriginError(CSRFError):
    """A request that changes something was sent by a page of another origin."""


class OriginCheck:
    """The origins whose pages can act for the user who is logged in.

    Args:
        settings: with the public URL and the CORS origins.
    """

    def __init__(self, settings: Settings) -> None:
        self._public = None if settings.public_url is None else origin_of(settings.public_url)
        self._listed = frozenset(settings.cors_origins)

    def check_change(self, request: Request) -> None:
        """Check a request with a token in a cookie, unless its method changes nothing.

        Raises:
            CrossOriginError: when a page of another origin sent it.
        """
        if request.method not in SAFE_METHODS:
            self.check(request)

    def check(self, request: Request) -> None:
        """Check a request that sets cookies, or that is authenticated by one.

        Raises:
            CrossOriginError: when a page of another origin sent it.
        """
        if not self._may_act(request):
            raise CrossOriginError("Pages of another origin cannot do this")

    def _may_act(self, request: Request) -> bool:
        origin = request.headers.get("Origin")
        if origin in self._listed:
            return True
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None:
            # The browser has compared the origins, and knows which host name it requested.
            return site in _HARMLESS_SITES
        # Every browser sends one of the two headers with a request that changes something. A client
        # that sends neither is not a browser, so no page controls it. The CSRF value is required in
        # any case.
        return origin is None or self._is_own(origin, request)

    def _is_own(self, origin: str, request: Request) -> bool:
        if self._public is not None:
            return origin == self._public
        # Host is the name that the browser requested, unless a proxy has changed it: then nothing
        # matches, and the public URL has to be configured. Only a proxy knows the scheme.
        return origin in (f"https://{request.host}", f"{request.scheme}://{request.host}")
