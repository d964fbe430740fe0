"""Structured log lines on standard error. What is logged is named field by field, so no secret gets in by accident.

Whoever logs never waits for the line to be written (outside/outlet.py).
"""

import logging
from collections.abc import Callable
from typing import Any

import structlog

from genkan.outside.outlet import ERR

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
        structlog.ReturnLogger(),
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
            ERR.put(methods[level](event, **fields))

    ERR.told_of_loss = lambda count: bound.error(f"{count} lines lost", lines=count)
    return log


class _Passing(logging.Handler):
    def __init__(self, log: Callable[..., None], event: str, warned: str) -> None:
        super().__init__()
        self._log = log
        self._event = event
        self._warned = warned

    def emit(self, record: logging.LogRecord) -> None:
        is_warning = record.levelno == logging.WARNING
        level = "error" if record.levelno >= logging.ERROR else self._warned if is_warning else "debug"
        self._log(level, self._event, message=record.getMessage(), exc_info=record.exc_info)


def take_over(name: str, log: Callable[..., None], event: str, *, warned: str) -> None:
    """Let what a library writes to the logger of this name come out as lines of ours: what it warns of at the level
    ``warned``.
    """
    logger = logging.getLogger(name)
    logger.handlers[:] = [_Passing(log, event, warned)]
    logger.propagate = False
