"""Packages from npm that tests run: exactly those of ``tests/npm/package-lock.json``, installed once outside the tree.

Owns the folder and the wait for whoever installs it at this moment; what a package is run for is its caller's.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

LOCKED = Path(__file__).parent / "npm"
UNREACHABLE = "npm's registry is not reachable"
# What npm says when it cannot get through; everything else it fails with is a fault of ours.
NETWORK = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "ERR_SOCKET_TIMEOUT")
# One retry, for without a network each of them waits for long.
INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-retry-mintimeout=1000")


def installed() -> Path:
    """The folder with ``node_modules``; skips the test where the registry cannot be reached."""
    folder = _found()
    return folder if folder is not None else pytest.skip(UNREACHABLE)


@cache
def _found() -> Path | None:
    """Asked once in a process: a machine without a network has none for the next test either."""
    files = [LOCKED / "package.json", LOCKED / "package-lock.json"]
    mark = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    cache = Path(os.environ.get("GENKAN_TEST_CACHE") or Path.home() / ".cache" / "genkan-tests")
    folder = cache / f"npm-{mark}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "npm.lock").open("w") as lock:
        # The processes of one run come here at the same time, and npm does not stand itself.
        fcntl.flock(lock, fcntl.LOCK_EX)
        is_there = folder.is_dir() or _install(folder, files)
    return folder if is_there else None


def _install(folder: Path, files: list[Path]) -> bool:
    """Complete under its name, or not there: a run that was killed leaves nothing that looks installed."""
    fresh = folder.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    for file in files:
        shutil.copy(file, fresh)
    npm = shutil.which("npm") or pytest.skip("npm is not installed")
    said = subprocess.run([npm, *INSTALL], cwd=fresh, capture_output=True, text=True, timeout=300, check=False)
    if said.returncode and any(word in said.stderr for word in NETWORK):
        return False
    assert said.returncode == 0, said.stderr
    fresh.rename(folder)
    return True
