"""Standard input and output as they are found: missing, in another encoding, or full.

Owns what every command does alike about them, and in which characters JSON is written there.
"""

import errno
import io
import json
import os
import sys
from pathlib import Path
from typing import Literal, TextIO

FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}
"""What a disk, a terminal or a stream that is open the wrong way answers; others are a command's own to tell."""


def make_ready() -> None:
    """Put something in the place of each stream that is not there, and let no character stop a command."""
    # A service and a program with a window have none, nor has who closes one (`<&-`): whoever reads gets nothing, and
    # what is written is nobody's. In this order, so that no file or socket gets the number of a missing one.
    if sys.stdin is None:
        sys.stdin = _nothing("r")
    if sys.stdout is None:
        sys.stdout = _nothing("w")
    if sys.stderr is None:
        # `print` would take standard output for it, and a script an error's sentence for the answer.
        sys.stderr = _nothing("w")
    if isinstance(sys.stdin, io.TextIOWrapper):
        # What comes in another encoding is not what was asked for, and is told as that.
        sys.stdin.reconfigure(errors="replace")
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that cannot show a name is no reason to stop in the middle.
        sys.stdout.reconfigure(errors="backslashreplace")


def _nothing(mode: Literal["r", "w"]) -> io.TextIOWrapper:
    return Path(os.devnull).open(mode, encoding="utf-8")


def give_up(stream: TextIO) -> None:
    """What Python still holds for standard output, or for errors, has nowhere to go."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def json_text(value: object, *, indent: int | None = 2) -> str:
    """JSON for standard output; in ASCII alone where its encoding cannot carry every character."""
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    return json.dumps(value, indent=indent, ensure_ascii=not is_unicode)
