"""The layer around Flask: request id, duration, headers, metrics and access log of a request.

One WSGI middleware does what would otherwise be a hook of Flask for each of these. It reads the
request object that Werkzeug stores in the WSGI environment instead of going through proxies.
"""

import logging
import time
from collections.abc import Callable, Iterable
from http import HTTPMethod
from time import perf_counter
from typing import Any

from flask import Flask, Request

from flask_watchword.accounts.client_addresses import client_address
from flask_watchword.extension.verification.current_token import stored_token
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.finished_requests import FinishedRequest
from flask_watchword.service.middleware.request_id import ENVIRON_KEY, new_request_id

#: The key of the request object in the WSGI environment (Werkzeug's ``Request``).
_REQUEST_KEY = "werkzeug.request"
#: ``docs/architecture.md`` explains each. A header that an endpoint sets takes precedence.
_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
)
#: RFC 6797 section 6.1: one year. Without ``includeSubDomains``: the service does not know whether
#: other hosts of the domain use TLS.
_TLS_HEADERS = (("Strict-Transport-Security", "max-age=31536000"),)

#: Other methods are text that the client chose.
_METHODS = frozenset(HTTPMethod)

#: ``SERVER_SOFTWARE`` prefixes of servers that merge two spellings of a header name.
_MERGING_SERVERS = ("granian", "cheroot")

_Headers = list[tuple[str, str]]
_StartResponse = Callable[..., Callable[[bytes], object]]

_logger = logging.getLogger(__name__)


class RequestLayer:
    """WSGI middleware around an application that contains the service.

    Args:
        app: the application.
        blueprint: the name of the service's blueprint. Other requests are neither counted nor
            logged, and their responses have no added headers, unless ``is_standalone`` is set.
        context: the service.

    Attributes:
        is_standalone: whether the application consists of the service alone.
    """

    is_standalone = False

    def __init__(
        self,
        app: Flask,
        blueprint: str,
        context: ServiceContext,
    ) -> None:
        settings = context.settings
        self._flask = app
        self._app = app.wsgi_app
        self._prefix = f"{blueprint}."
        self._proxies = settings.trusted_proxies
        over_tls = (settings.public_url or "").startswith("https:")
        self._headers = (*_HEADERS, *(_TLS_HEADERS if over_tls else ()))
        self._names = frozenset(name.lower() for name, _ in self._headers)
        self._finished = context.finished
        self._start_mailing = context.mailing.ensure_running
        self._log = context.access_log
        self._is_server_checked = not settings.trusted_proxies

    def __call__(self, environ: dict[str, Any], start_response: _StartResponse) -> Iterable[bytes]:
        """Serve a request."""
        started = perf_counter()
        request_id = environ[ENVIRON_KEY] = new_request_id(environ, self._proxies > 0)
        self._start_mailing()
        if not self._is_server_checked:
            self._check_server(environ)
        status, request = 0, None

        def start(text: str, headers: _Headers, *error: Any) -> Callable[[bytes], object]:
            nonlocal status, request
            # Flask deletes it when the request context ends.
            request = environ.get(_REQUEST_KEY)
            if self.is_standalone or self._is_of_service(request):
                status = int(text[:3])
                present = {name.lower() for name, _ in headers}
                if self._names.isdisjoint(present):
                    headers += self._headers
                else:
                    headers += [one for one in self._headers if one[0].lower() not in present]
                headers.append(("X-Request-ID", request_id))
            return start_response(text, headers, *error)

        response = self._app(environ, start)
        if status:
            self._finish(environ, request, status, started)
        return response

    def _is_of_service(self, request: Request | None) -> bool:
        rule = None if request is None else request.url_rule
        return rule is not None and rule.endpoint.startswith(self._prefix)

    def _finish(
        self, environ: dict[str, Any], request: Request | None, status: int, started: float
    ) -> None:
        rule = None if request is None else request.url_rule
        method = environ["REQUEST_METHOD"]
        endpoint = "" if rule is None else rule.endpoint
        finished = FinishedRequest(
            endpoint[len(self._prefix) :] if endpoint.startswith(self._prefix) else None,
            method if method in _METHODS else "-",
            "-" if rule is None else rule.rule,
            status,
            perf_counter() - started,
            time.time(),
            self._address(environ) or "-",
            environ[ENVIRON_KEY],
        )
        is_logged = self.is_standalone and self._log.is_enabled()
        if is_logged and request is not None:
            token = stored_token(request, self._flask)
            if token is not None and token.location is not None:
                # Verified, so the service itself has assigned these ids.
                finished.user = _text(token.verified.claims.get("sub"))
                finished.session = _text(token.verified.claims.get("sid"))
        if is_logged and not self._log.is_queued:
            self._log.log(finished)
            is_logged = False
        self._finished.add(finished, is_logged=is_logged)

    def _address(self, environ: dict[str, Any]) -> str:
        forwarded = environ.get("HTTP_X_FORWARDED_FOR")
        return client_address(environ.get("REMOTE_ADDR"), forwarded, self._proxies)

    def _check_server(self, environ: dict[str, Any]) -> None:
        """Warn once if the server merges header names, with which a client can forge its address.

        ``watchword serve`` drops header names with underscores (``cli/serving/wsgi_environ.py``),
        and so do most servers. An application cannot detect afterwards which spelling a header had.
        """
        self._is_server_checked = True
        server = str(environ.get("SERVER_SOFTWARE", ""))
        if server.lower().startswith(_MERGING_SERVERS):
            _logger.warning(
                "%s passes X_Forwarded_For on as X-Forwarded-For: a client can forge its address "
                "unless the proxy deletes header names with underscores, as HAProxy does by "
                "'http-request del-header _ -m sub'; or serve with gunicorn or waitress",
                server,
            )


def _text(claim: Any) -> str | None:
    return claim if isinstance(claim, str) else None
