"""Structured logs: JSON lines on standard error, or colours for people."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from app.config import Settings


def configure_logs(settings: Settings) -> None:
    """Send structlog's and the standard library's records to one place in one form."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendering = _rendering(plain=settings.log_format == "console")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    # uvicorn tells of every connection, and httpx of every request: neither is news.
    for chatty in ("uvicorn.error", "httpx"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
    # Our own lines do not pass through the standard library: a line for each request should cost next to nothing,
    # and what is not told is not made up either.
    structlog.configure(
        processors=[*shared, *rendering],
        logger_factory=_Line,
        wrapper_class=structlog.make_filtering_bound_logger(root.level),
        cache_logger_on_first_use=True,
    )


def _rendering(*, plain: bool) -> list[structlog.typing.Processor]:
    if not plain:
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    # Rich traces render every frame's variables: secrets among them, and minutes of work for a deep one.
    trace = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=trace)]


class _Line(structlog.WriteLogger):
    """Writes lines to standard error; knows the name it was asked for."""

    def __init__(self, name: str = "", *_: Any) -> None:
        super().__init__(sys.stderr)
        self.name = name
