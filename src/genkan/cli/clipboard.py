"""The clipboard of the person at the terminal, by whichever of the usual programs is there."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping

_SECONDS = 5.0
NONE = (
    "there is no clipboard here that can be reached: install wl-clipboard, xclip or xsel, or write to a file with "
    "--output"
)


def copy(text: str) -> str | None:
    """Put text on the clipboard; None, or the sentence that says why not."""
    for words in _programs(os.environ, sys.platform):
        program = shutil.which(words[0])
        if program is not None and _ran([program, *words[1:]], text):
            return None
    return NONE


def _programs(environ: Mapping[str, str], platform: str) -> Iterator[list[str]]:
    if platform == "darwin":
        yield ["pbcopy"]
    if environ.get("WAYLAND_DISPLAY"):
        yield ["wl-copy"]
    if environ.get("DISPLAY"):
        yield ["xclip", "-selection", "clipboard"]
        yield ["xsel", "--input", "--clipboard"]
    if environ.get("WSL_DISTRO_NAME"):
        yield ["clip.exe"]
    if environ.get("TERMUX_VERSION"):
        yield ["termux-clipboard-set"]


def _ran(words: list[str], text: str) -> bool:
    # What holds the clipboard stays on in the background, so nothing waits for its output.
    try:
        ended = subprocess.run(  # noqa: S603 - a program of a fixed list, found on the person's own path
            words,
            input=text.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0
