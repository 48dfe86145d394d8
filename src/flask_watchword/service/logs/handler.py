"""The log handler of ``watchword serve``."""

import logging
from contextlib import suppress
from typing import TextIO

from flask_watchword.service.finished_requests import Batch
from flask_watchword.service.logs.formats import LineFormat


class LineHandler(logging.StreamHandler[TextIO]):
    """Write log records to standard error, and the lines of requests in batches."""

    formatter: LineFormat

    def write_requests(self, batch: Batch) -> None:
        """Write the lines of several requests with one call."""
        text = "".join([f"{self.formatter.request_line(request)}\n" for request in batch])
        # As with log records, a closed standard error is no reason to fail.
        with self.lock, suppress(OSError, ValueError):  # type: ignore[union-attr]
            self.stream.write(text)
            self.stream.flush()
