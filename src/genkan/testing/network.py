"""The connections of a test's browsers: shared within a process, since they take long to make, and never beyond it."""

import os
import threading
from weakref import WeakSet

import httpx2


class Network(httpx2.BaseTransport):
    """Straight to this machine; may be called from any thread, and from forked children."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: httpx2.HTTPTransport | None = None
        _ours.add(self)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Ask the site."""
        return self._opened().handle_request(request)

    def close(self) -> None:
        """Close the connections; a later request opens others."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            made.close()

    def leave(self) -> None:
        """In a forked child: the connections are the parent's, and a thread that held the lock is not there."""
        self._lock = threading.Lock()
        made, self._made = self._made, None
        if made is not None:
            # Neither closed nor let go of: two processes on one connection get each other's answers.
            _inherited.append(made)

    def _opened(self) -> httpx2.HTTPTransport:
        # Made once: each would read this machine's certificates, which takes longer than all the rest of a sign-in.
        with self._lock:
            if self._made is None:
                self._made = httpx2.HTTPTransport(trust_env=False)
            return self._made


_ours: WeakSet[Network] = WeakSet()
_inherited: list[httpx2.HTTPTransport] = []


def _forked() -> None:
    for network in list(_ours):
        network.leave()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
