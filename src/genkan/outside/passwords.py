"""The password lane: argon2id in its own threads with a bounded queue, so that a flood of sign-ins starves nobody
else.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Semaphore
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from genkan.protocol.signin.password import LaneFull

# OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
WAITING_PER_THREAD = 16
# A hash of 256 bits that nobody kept: verifying against it costs what a real one costs and never fits.
DECOY = "$argon2id$v=19$m=19456,t=2,p=1$Z2Vua2FuLWRlY295LXNhbHQ$Y7p5Ak3mXvKq0oW1rT9uJcEhLbGdNfSiRzPxVtQyUwA"
_Answer = TypeVar("_Answer")


class PasswordLane:
    """Hashes and verifies. Unknown accounts are verified against ``decoy`` and so cost the same."""

    decoy = DECOY

    def __init__(self, threads: int = 0) -> None:
        self.threads = size = threads or max(1, (os.cpu_count() or 1) - 1)
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="passwords", initializer=_step_back)
        self._room = Semaphore(size * WAITING_PER_THREAD)

    async def verify(self, kept: str, password: str) -> bool:
        """Whether the password fits; exactly one hash is computed. Raises LaneFull when too many wait."""
        return await self._in_lane(lambda: verify_now(kept, password))

    async def hash(self, password: str) -> str:
        """A new hash to keep. Raises LaneFull when too many wait."""
        return await self._in_lane(lambda: hash_now(password))

    async def _in_lane(self, work: Callable[[], _Answer]) -> _Answer:
        if not self._room.acquire(blocking=False):
            raise LaneFull
        answer = self._pool.submit(work)
        # Room is given back by the work, not by who waits: a caller who gives up does not stop a hash that has begun.
        answer.add_done_callback(lambda _: self._room.release())
        return await asyncio.wrap_future(answer)

    def close(self) -> None:
        """Let what runs finish; what waits is dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _step_back() -> None:
    """Let this thread work only while no other thread of the process wants the core (decision 0196)."""
    if sys.platform == "linux":  # elsewhere a thread has no policy that it may set by itself
        with suppress(OSError):  # a sandbox may forbid it; then hashes share the core with everything else
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))  # 0: the calling thread, sched_setscheduler(2)


def hash_now(password: str) -> str:
    """A new hash, computed here and now: for commands, which have no loop to keep free."""
    return _HASHER.hash(password)


def verify_now(kept: str, password: str) -> bool:
    """Whether the password fits this hash."""
    try:
        return _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False
