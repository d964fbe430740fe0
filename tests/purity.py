"""Makes clocks, chance and sockets raise when our own code reaches them, directly or through a library."""

import datetime
import os
import random
import secrets
import socket
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = str(ROOT / "src" / "genkan")
# Whoever stands nearest asked: the engine that runs the test may look at the clock, the code under test may not.
INNOCENT = (str(ROOT / "tests"), "hypothesis", "_pytest", "pytest_asyncio", "importlib")

CLOCKS = ["time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep"]
FORBIDDEN: list[tuple[Any, list[str]]] = [
    (time, CLOCKS),
    (os, ["urandom", "getrandom"]),
    (secrets, ["token_bytes", "token_hex", "token_urlsafe", "randbelow", "randbits", "choice"]),
    (random, ["random", "randint", "randrange", "choice", "shuffle", "getrandbits", "randbytes"]),
    (uuid, ["uuid1", "uuid4"]),
]


class Impure(BaseException):
    """Not an Exception: a broad `except` in the code under test must not hide it."""


def forbid_impurity(patch: pytest.MonkeyPatch) -> None:
    """Guard every clock and random source, `datetime` in our modules, and the making of sockets."""
    for module, names in FORBIDDEN:
        for name in names:
            if hasattr(module, name):
                patch.setattr(module, name, guarded(f"{module.__name__}.{name}", getattr(module, name)))
    for name, module in list(sys.modules.items()):
        if name.startswith("genkan.") and vars(module).get("datetime") in {datetime.datetime, datetime}:
            patch.setattr(module, "datetime", _guarded_datetime(vars(module)["datetime"]))
    patch.setattr(socket.socket, "__init__", _no_socket)


def guarded(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    """`real`, except when our code is what asks."""

    def call(*args: Any, **kwargs: Any) -> Any:
        if asked_by_us():
            raise Impure(f"{name} was called by code that must be a function of its arguments")
        return real(*args, **kwargs)

    return call


def asked_by_us() -> bool:
    """Walk outwards from the call: the first frame that is ours or the test's decides."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(OURS):
            return frame.f_code.co_name != "<module>"
        if any(part in file for part in INNOCENT) and not file.startswith(str(ROOT / "tests" / "purity.py")):
            return False
        frame = frame.f_back
    return False


def _no_socket(*_: Any, **__: Any) -> NoReturn:
    raise Impure("a socket was made where no I/O belongs")


def _guarded_datetime(real: Any) -> Any:
    """A stand-in for the class or the module `datetime` whose readings of the clock raise."""
    guards = {name: staticmethod(_clock_of_datetime) for name in ("now", "utcnow", "today")}
    if real is datetime:
        fake = type(sys)("datetime")
        fake.__dict__.update(vars(datetime))
        fake.__dict__["datetime"] = type("datetime", (datetime.datetime,), guards)
        fake.__dict__["date"] = type("date", (datetime.date,), {"today": guards["today"]})
        return fake
    return type("datetime", (real,), guards)


def _clock_of_datetime(*_: Any, **__: Any) -> NoReturn:
    raise Impure("datetime was asked for the present")
