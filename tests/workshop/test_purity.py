"""The guard of the pure suites catches what it claims to catch, and leaves the test engine alone."""

import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.purity import OURS, Impure, forbid_impurity

IMPURE = {
    "a clock": "import time\ndef ask(): time.time()",
    "a monotonic clock": "import time\ndef ask(): time.monotonic()",
    "the system's chance": "import os\ndef ask(): os.urandom(8)",
    "secrets": "import secrets\ndef ask(): secrets.token_hex()",
    "a library that draws": "import uuid\ndef ask(): uuid.uuid4()",
    "a socket": "import socket\ndef ask(): socket.socket()",
}


@pytest.fixture(autouse=True)
def _guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_impurity(monkeypatch)


@pytest.mark.parametrize("source", IMPURE.values(), ids=IMPURE.keys())
def test_code_of_ours_that_is_impure_raises(source: str) -> None:
    """Every door to time, chance and the network is shut to code that lies in src/genkan."""
    module: dict[str, object] = {}
    exec(compile(source, f"{OURS}/wire/example.py", "exec"), module)
    ask = module["ask"]
    assert callable(ask)
    with pytest.raises(Impure):
        ask()


@given(st.binary())
def test_the_engine_keeps_its_clock(data: bytes) -> None:
    """hypothesis and the test itself may go on reading the clock while the guard stands."""
    assert time.monotonic() > 0
    assert len(os.urandom(len(data))) == len(data)
