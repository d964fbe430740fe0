"""The program that the desktop starts with the app's address: hands it to the sign-in that waits for it, and ends.

Owns how that sign-in is found: its socket is named after the state, which the address carries.
"""

import hashlib
import socket
import sys
from pathlib import Path

from genkan.app.awaited import state_in


def socket_of(folder: Path, state: str) -> Path:
    """Where the sign-in with this state listens. Names can be read by programs that must not learn the state."""
    return folder / f"{hashlib.sha256(state.encode()).hexdigest()[:16]}.answer"


def hand_over(folder: str, address: str) -> None:
    """Send one address to the sign-in that waits for it; raises ``OSError`` where none does."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(socket_of(Path(folder), state_in(address))))
        connection.sendall(address.encode())


if __name__ == "__main__":
    try:
        hand_over(*sys.argv[1:3])
    except (OSError, TypeError):
        sys.exit("The sign-in that this answer belongs to is over: start it again.")
