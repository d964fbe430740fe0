"""Structured log lines on standard error. What is logged is named field by field, so no secret gets in by accident."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import structlog

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def make_log(log_format: str, level: str, **always: object) -> Callable[..., None]:
    """A function ``log(level, event, **fields)`` that drops what is below the level before any work is done.

    ``always`` are fields that every line has.
    """
    renderer: Any = (
        structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    least = _LEVELS[level]
    logger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
    )
    bound = logger.bind(**always)
    methods = {name: getattr(bound, name) for name in _LEVELS}

    def log(level: str, event: str, **fields: object) -> None:
        if _LEVELS[level] >= least:
            methods[level](event, **fields)

    return log


class _Passing(logging.Handler):
    def __init__(self, log: Callable[..., None]) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        # A warning of the server's tells of a client that speaks no HTTP: anybody can cause as many as he likes.
        level = "error" if record.levelno >= logging.ERROR else "debug"
        self._log(level, "server", message=record.getMessage(), exc_info=record.exc_info)


def take_over(name: str, log: Callable[..., None]) -> None:
    """Let what a library writes to the logger of this name come out as lines of ours."""
    logger = logging.getLogger(name)
    logger.handlers[:] = [_Passing(log)]
    logger.propagate = False
