"""Logging configuration of ``watchword serve``: standard error, in one of two formats."""

import logging.config
from typing import Any

from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.logs.formats import JsonFormat, LineFormat, TextFormat
from flask_watchword.service.logs.handler import LineHandler

_FORMATS: dict[str, type[LineFormat]] = {"text": TextFormat, "json": JsonFormat}


def log_configuration(settings: Settings) -> dict[str, Any]:
    """Return the argument for :func:`logging.config.dictConfig`.

    Other libraries log warnings and errors only.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": _FORMATS[settings.log_format]}},
        "handlers": {"stderr": {"()": LineHandler, "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "flask_watchword": {"level": settings.log_level.upper()},
            # Granian's own logger, which would otherwise use another format.
            "_granian": {"level": "ERROR", "propagate": True},
        },
    }


def configure_logs(settings: Settings) -> None:
    """Configure logging in this process as the settings say."""
    logging.config.dictConfig(log_configuration(settings))
