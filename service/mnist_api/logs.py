"""Logs: one JSON object a line on stderr, ours and gunicorn's alike."""

import logging
from datetime import UTC, datetime
from typing import Any

import msgspec

LOGGER = logging.getLogger("mnist_api")

_ENCODER = msgspec.json.Encoder(enc_hook=str)


class JsonFormatter(logging.Formatter):
    """Format a record as `{"time", "level", "message", ...}`.

    Further fields come as `extra={"fields": {...}}`: an explicit list, so that nothing of an image
    or a credential gets into a log by accident.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        entry.update(getattr(record, "fields", {}))
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return _ENCODER.encode(entry).decode()


def logging_config(level: str) -> dict[str, Any]:
    """Return the configuration for `logging.config.dictConfig`.

    gunicorn's own news below a warning ("Booting worker", ...) is left out: ours says the same
    once, with the facts that an operator wants.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "json"},
        },
        "root": {"level": level.upper(), "handlers": ["stderr"]},
        "loggers": {
            "gunicorn.error": {"level": "WARNING", "propagate": True, "handlers": []},
            "gunicorn.access": {"level": "ERROR", "propagate": True, "handlers": []},
        },
    }
