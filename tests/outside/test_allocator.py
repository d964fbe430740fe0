"""What a password's hash takes for a moment is the system's again afterwards."""

import subprocess
import sys

import pytest

from genkan.outside.allocator import give_large_pieces_back

MIB = 1 << 20
# Of a process of its own, since what is set holds for all of it: how much more it has after three hashes than before.
HASHING = """
import sys
from genkan.outside.allocator import give_large_pieces_back
from genkan.outside.passwords import hash_now

def allocated():
    lines = open("/proc/self/smaps_rollup").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Anonymous:"))

if sys.argv[1] == "set":
    assert give_large_pieces_back()
before = allocated()
for _ in range(3):
    hash_now("correct horse battery")
print(allocated() - before)
"""


def kept(how: str) -> int:
    """Bytes."""
    done = subprocess.run([sys.executable, "-c", HASHING, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is asked")
def test_a_hash_leaves_nothing() -> None:
    """It takes 19 MiB. Left alone, glibc keeps them, which is what this is for."""
    assert kept("set") < MIB
    assert kept("unset") > 18 * MIB


def test_elsewhere_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where there is no such function, nor on other systems."""
    monkeypatch.setattr("ctypes.CDLL", lambda _: object())
    assert give_large_pieces_back() is False
    monkeypatch.setattr(sys, "platform", "darwin")
    assert give_large_pieces_back() is False
