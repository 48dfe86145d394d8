"""Where records go in a process that is ours alone: to standard error, in one of two formats."""

import logging.config
from typing import Any

from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.logs.formats import JsonFormat, TextFormat

_FORMATS: dict[str, type[logging.Formatter]] = {"text": TextFormat, "json": JsonFormat}


def log_configuration(settings: Settings) -> dict[str, Any]:
    """Return what :func:`logging.config.dictConfig` takes.

    What others log below a warning is for those who look for a fault in them.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": _FORMATS[settings.log_format]}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "flask_watchword": {"level": settings.log_level.upper()},
            # The server's own, which it would write in another format.
            "_granian": {"level": "ERROR", "propagate": True},
        },
    }


def configure_logs(settings: Settings) -> None:
    """Write what is logged in this process as the settings say."""
    logging.config.dictConfig(log_configuration(settings))
