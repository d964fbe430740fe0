"""What a service manager hears of a site that has started."""

import socket
from pathlib import Path

import pytest

from genkan.started import SOCKET, say_started


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where we are, since the address of a socket has at most 107 bytes."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_one_word_to_the_socket_that_is_named(folder: Path) -> None:
    """sd_notify(3): a datagram, to a path; those without one hear nothing and nothing fails."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind("manager")
        line.setblocking(False)
        say_started({})
        say_started({SOCKET: ""})
        with pytest.raises(BlockingIOError):
            line.recv(100)
        say_started({SOCKET: "manager"})
        assert line.recv(100) == b"READY=1"


def test_a_socket_of_the_abstract_kind(folder: Path) -> None:
    """Its name is written with @ for the null byte."""
    name = f"genkan-{folder.name}-{id(folder)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(f"\0{name}")
        line.setblocking(False)
        say_started({SOCKET: f"@{name}"})
        assert line.recv(100) == b"READY=1"


def test_nobody_who_listens(folder: Path) -> None:
    """A manager that is gone, or an address that is none, does not keep the site from serving."""
    for place in ("nobody", "x" * 200):
        say_started({SOCKET: place})
