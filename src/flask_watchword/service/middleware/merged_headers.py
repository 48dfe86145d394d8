"""Warn of a server on which a client may choose its address, in an application with the service.

``watchword serve`` drops header names with underscores (``cli/wsgi_environ.py``), and so do most
servers. An application cannot find out afterwards which spelling a header had.
"""

import logging

from flask import Blueprint, request

from flask_watchword.locks import process_lock

_logger = logging.getLogger(__name__)

#: What the WSGI environments of the servers begin with that do not drop them.
_MERGING = ("granian", "cheroot")


def install_merged_headers_warning(api: Blueprint) -> None:
    """Warn once in each process where the server merges two spellings of a header.

    Args:
        api: the endpoints of a service that believes a proxy's headers.
    """
    first = process_lock()

    def warn() -> None:
        # Taken by the first request and never given back.
        if not first().acquire(blocking=False):
            return
        server = str(request.environ.get("SERVER_SOFTWARE", ""))
        if server.lower().startswith(_MERGING):
            _logger.warning(
                "%s passes on X_Forwarded_For as X-Forwarded-For: a client can choose its address "
                "unless the proxy deletes header names with underscores, as HAProxy does by "
                "'http-request del-header _ -m sub'; or serve with gunicorn or waitress",
                server,
            )

    api.before_request(warn)
