"""The program that the desktop starts with the app's address: hands it to the sign-in that waits, and ends."""

import socket
import sys


def hand_over(path: str, address: str) -> None:
    """Send one address to the waiting sign-in."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(path)
        connection.sendall(address.encode())


if __name__ == "__main__":
    try:
        hand_over(*sys.argv[1:3])
    except (OSError, TypeError):
        sys.exit("The sign-in that this answer belongs to is over: start it again.")
