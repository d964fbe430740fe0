"""Structured log lines on standard error. What is logged is named field by field, so no secret gets in by accident."""

import sys
from collections.abc import Callable
from typing import Any

import structlog

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def make_log(log_format: str, level: str) -> Callable[..., None]:
    """A function ``log(level, event, **fields)`` that drops what is below the level before any work is done."""
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
    methods = {name: getattr(logger, name) for name in _LEVELS}

    def log(level: str, event: str, **fields: object) -> None:
        if _LEVELS[level] >= least:
            methods[level](event, **fields)

    return log
