"""Warn about servers that merge header names, with which a client can forge its address.

``watchword serve`` drops header names with underscores (``cli/serving/wsgi_environ.py``), and so do
most servers. An application cannot detect afterwards which spelling a header had.
"""

import logging

from flask import Blueprint, request

from flask_watchword.locks import process_lock

_logger = logging.getLogger(__name__)

#: ``SERVER_SOFTWARE`` prefixes of servers that do not drop such headers.
_MERGING_SERVERS = ("granian", "cheroot")


def install_merged_headers_warning(api: Blueprint) -> None:
    """Warn once per process if the server merges two spellings of a header name.

    Args:
        api: the endpoints of a service that trusts a proxy's headers.
    """
    first = process_lock()

    def warn() -> None:
        # Acquired by the first request and never released.
        if not first().acquire(blocking=False):
            return
        server = str(request.environ.get("SERVER_SOFTWARE", ""))
        if server.lower().startswith(_MERGING_SERVERS):
            _logger.warning(
                "%s passes X_Forwarded_For on as X-Forwarded-For: a client can forge its address "
                "unless the proxy deletes header names with underscores, as HAProxy does by "
                "'http-request del-header _ -m sub'; or serve with gunicorn or waitress",
                server,
            )

    api.before_request(warn)
