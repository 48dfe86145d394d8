"""The access log: one line for each request, without values that the client chose freely."""

import logging
from functools import cached_property

from flask_watchword.service.finished_requests import Batch, FinishedRequest
from flask_watchword.service.logs.formats import request_fields, request_message
from flask_watchword.service.logs.handler import LineHandler

_logger = logging.getLogger("flask_watchword.requests")


class AccessLog:
    """Write the lines of requests.

    Under ``watchword serve`` they are queued, and written in batches by a thread. With any other
    configuration of logging, each is a log record like every other.
    """

    @cached_property
    def is_queued(self) -> bool:
        """Whether lines can be written in batches."""
        return self._handler is not None

    def is_enabled(self) -> bool:
        """Tell whether requests are logged."""
        return _logger.isEnabledFor(logging.INFO)

    def log(self, request: FinishedRequest) -> None:
        """Log one request now."""
        extra = {"fields": request_fields(request), "request_id": request.request_id}
        _logger.info("%s", request_message(request), extra=extra)

    def write(self, batch: Batch, lost: int) -> None:
        """Write the lines of several requests.

        Args:
            batch: the requests.
            lost: the number of lines that were lost before them.
        """
        if lost:
            _logger.warning("%d lines of the access log are lost: its reader is too slow", lost)
        if self._handler is not None:
            self._handler.write_requests(batch)

    @cached_property
    def _handler(self) -> LineHandler | None:
        # Cached: ``watchword serve`` configures logging before the first request.
        logger: logging.Logger | None = _logger
        handlers: list[logging.Handler] = []
        while logger is not None:
            handlers += logger.handlers
            logger = logger.parent if logger.propagate else None
        if len(handlers) == 1 and isinstance(handlers[0], LineHandler):
            return handlers[0]
        return None
