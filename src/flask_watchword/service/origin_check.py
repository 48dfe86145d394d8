"""Which pages may have a browser act for its user: the service's own origin's, and listed ones.

A browser sends cookies with a request whoever made the page that asks for it. What it says of that
page, it says by itself: no page can write ``Origin`` or ``Sec-Fetch-Site``.
"""

from flask import Request

from flask_watchword.extension.errors import CSRFError
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.web_origin import origin_of

#: RFC 9110 section 9.2.1: what they do, nobody has to be protected from.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
#: What ``Sec-Fetch-Site`` says of the service's own pages, and of no page at all: an address typed
#: by hand (Fetch Metadata section 2.4).
_HARMLESS_SITES = frozenset({"same-origin", "none"})


class CrossOriginError(CSRFError):
    """A page of another origin had a browser send a request that would change something."""


class OriginCheck:
    """The origins whose pages may act for whoever is logged in.

    Args:
        settings: what is told by them: the public URL, and the origins that CORS lets in.
    """

    def __init__(self, settings: Settings) -> None:
        self._public = None if settings.public_url is None else origin_of(settings.public_url)
        self._listed = frozenset(settings.cors_origins)

    def check_change(self, request: Request) -> None:
        """Check a request that shows a cookie, unless its method changes nothing.

        Raises:
            CrossOriginError: when a page of another origin made the browser send it.
        """
        if request.method not in SAFE_METHODS:
            self.check(request)

    def check(self, request: Request) -> None:
        """Check a request that changes what cookies a browser has, or acts by them.

        Raises:
            CrossOriginError: when a page of another origin made the browser send it.
        """
        if not self._may_act(request):
            raise CrossOriginError("Pages of another origin cannot do this")

    def _may_act(self, request: Request) -> bool:
        origin = request.headers.get("Origin")
        if origin in self._listed:
            return True
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None:
            # The browser has compared the two, and knows better than we what name it asked.
            return site in _HARMLESS_SITES
        # Every browser says one of the two with a request that changes something. Who says neither
        # is none, and nobody else's page can lead it; its CSRF value is asked for all the same.
        return origin is None or self._is_own(origin, request)

    def _is_own(self, origin: str, request: Request) -> bool:
        if self._public is not None:
            return origin == self._public
        # Host is what the browser asked for, unless a proxy has changed it: then nothing matches
        # here, and the public URL has to be told. Which scheme it was is known to a proxy alone.
        return origin in (f"https://{request.host}", f"{request.scheme}://{request.host}")
