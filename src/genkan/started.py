"""What a service manager is told of the site: that it answers, as systemd waits for it with ``Type=notify``."""

import contextlib
import socket
from collections.abc import Mapping

SOCKET = "NOTIFY_SOCKET"


def say_started(environment: Mapping[str, str]) -> None:
    """One datagram to the socket that is named, sd_notify(3). Nothing where none is, or nobody listens there."""
    place = environment.get(SOCKET, "")
    if not place:
        return
    # unix(7): an address of the abstract kind begins with a null byte, and is written with @ instead.
    address = f"\0{place[1:]}" if place.startswith("@") else place
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.sendto(b"READY=1", address)
