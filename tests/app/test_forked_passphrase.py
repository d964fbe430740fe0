"""A passphrase in programs that fork, as servers with several processes and test runners do."""

import os
import signal
import threading
from pathlib import Path

import pytest

from genkan.app.sealed import Passphrase, SealedVault
from tests.app.conftest import Chance

SECRET = "rt-very-secret"


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_while_the_passphrase_is_typed(tmp_path: Path) -> None:
    """The thread that it is typed to is not in the child, which asks for itself and waits for nobody."""
    SealedVault(tmp_path, Passphrase(lambda: "open sesame", Chance()), Chance()).write("a", SECRET)
    asked, typed, parent = threading.Event(), threading.Event(), os.getpid()

    def ask() -> str:
        if os.getpid() == parent:
            asked.set()
            typed.wait(60)
        return "open sesame"

    vault = SealedVault(tmp_path, Passphrase(ask, Chance()), Chance())
    first = threading.Thread(target=vault.unlock)
    first.start()
    try:
        assert asked.wait(20)
        child = os.fork()
        if child == 0:
            try:
                signal.alarm(20)
                os._exit(0 if vault.read("a") == SECRET else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        typed.set()
        first.join(30)
    assert vault.read("a") == SECRET
