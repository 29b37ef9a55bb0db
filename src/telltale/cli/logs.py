"""Logs are events with fields, on standard error: for people on a terminal, JSON elsewhere."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from typing import TextIO, cast

import structlog


class _Forgiving(io.TextIOBase):
    """Writes if it can: a log on a full disk, or a closed terminal, must not stop the server."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        try:  # noqa: SIM105  Python flushes once more at its end, when modules are gone
            self._file.flush()
        except (OSError, ValueError):
            pass


class _Forwarded(logging.Handler):
    """Hands on, as events, what libraries log: in one form, on one line."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        fields = {"error": repr(error)} if error is not None else {}
        structlog.get_logger().log(
            record.levelno, "library", logger=record.name, message=record.getMessage(), **fields
        )


def set_up_logs(*, quiet: bool = False) -> None:
    """Send logs to standard error; `quiet` leaves only what went wrong."""
    render: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.WARNING if quiet else logging.INFO
        ),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Forgiving(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Forwarded()], level=logging.WARNING, force=True)
