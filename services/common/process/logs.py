"""structlog JSON lines on stderr; the request id rides on the context."""

import logging
import sys

import structlog


def configure_logs(service: str, level: str) -> None:
    """Sets up the process: one JSON line per event, with `service` and whatever the context holds."""
    threshold = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(stream=sys.stderr, level=max(threshold, logging.WARNING), format="%(message)s")


def bind_request(request_id: str) -> None:
    """Every log line of this task carries `request_id` from now on."""
    structlog.contextvars.bind_contextvars(request_id=request_id)


def current_request_id() -> str:
    """The request id of this task, or an empty string."""
    value = structlog.contextvars.get_contextvars().get("request_id", "")
    return str(value)
