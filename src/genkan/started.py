"""What the machine around the site is told of it: that it answers, as systemd waits for it with ``Type=notify``, and
where a health check asks the process that serves.
"""

import contextlib
import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path

from genkan.settings import Settings

SOCKET = "NOTIFY_SOCKET"
# In the data folder, while a process serves: what its settings are may have come by flags, which nobody else sees.
FILE = "serving.json"
# What an address to listen on stands for when the same machine asks.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - nothing is bound to it here


def say_started(environment: Mapping[str, str]) -> None:
    """One datagram to the socket that is named, sd_notify(3). Nothing where none is, or nobody listens there."""
    place = environment.get(SOCKET, "")
    if not place:
        return
    # unix(7): an address of the abstract kind begins with a null byte, and is written with @ instead.
    address = f"\0{place[1:]}" if place.startswith("@") else place
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        # A manager that does not read is not waited for.
        line.setblocking(False)
        line.sendto(b"READY=1", address)


def announce_here(settings: Settings) -> None:
    """Leave this process's address for health checks in the data folder; where there is none, settings must do."""
    place = Path(settings.data_dir) / FILE
    written = place.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):
        written.write_text(json.dumps({"pid": os.getpid(), "health": _listening_address(settings)}) + "\n", "utf-8")
        written.replace(place)


def withdraw_here(settings: Settings) -> None:
    """Take the announcement back, unless another process has announced itself since."""
    with contextlib.suppress(OSError):
        if _announced(settings).get("pid") == os.getpid():
            (Path(settings.data_dir) / FILE).unlink()


def health_address(settings: Settings) -> str:
    """Where the process here answers ``/healthz``: as it announced, else as the settings say."""
    announced = _announced(settings).get("health")
    return announced if isinstance(announced, str) else _listening_address(settings)


def _announced(settings: Settings) -> dict[str, object]:
    try:
        read = json.loads((Path(settings.data_dir) / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def _listening_address(settings: Settings) -> str:
    host = _EVERYWHERE.get(settings.host, settings.host)
    scheme = "https" if settings.tls_cert else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.port}{settings.public.path}/healthz"
