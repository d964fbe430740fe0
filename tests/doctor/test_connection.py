"""Connections that fail: what the system says is put into words, and a family without a way is said."""

import errno

import pytest

from genkan.doctor.judge_reach import CONNECTION
from genkan.doctor.observed import Names, Seen, Tried
from genkan.doctor.reach import tried, why_not
from genkan.doctor.saying import plain
from genkan.doctor.verdicts import Probe
from tests.doctor.world import target
from tests.ports import free_port

FOUR, SIX = "93.184.215.14", "2606:2800:21f:cb07::1"


def told(*each: Tried) -> Probe:
    return CONNECTION.judge(Seen(target("https://jira.example.com"), Names(tuple(one.address for one in each)), each))


def dead(address: str, *, unrouted: bool = False) -> Tried:
    return Tried(address, plain("cannot be reached"), unrouted)


@pytest.mark.parametrize(("here", "not_here", "family"), [(FOUR, SIX, "IPv6"), (SIX, FOUR, "IPv4")])
def test_a_machine_without_a_family_of_addresses(here: str, not_here: str, family: str) -> None:
    """What cannot be seen from here is no fault of the site's, and nobody is told to remove a record."""
    found = told(Tried(here), dead(not_here, unrouted=True))
    assert found.verdict.value == "ok"
    assert f"this machine has no {family}: {not_here} not seen" in found.answered
    assert not found.fix


def test_an_address_that_is_dead_for_everybody() -> None:
    """One without an answer where its family has a way is named, also beside another that was reached."""
    assert told(Tried(FOUR), dead(SIX)).verdict.value == "warning"
    assert told(Tried(SIX), dead("2001:db8::7", unrouted=True), Tried(FOUR)).verdict.value == "warning"
    assert told(dead(FOUR), dead(SIX, unrouted=True)).verdict.value == "wrong"
    assert told(dead(FOUR, unrouted=True), dead(SIX, unrouted=True)).verdict.value == "wrong"


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ECONNREFUSED, "refuses the connection"), (errno.EHOSTUNREACH, "cannot be reached"),
     (errno.ENETUNREACH, "cannot be reached"), (errno.ECONNRESET, "does not take the connection (")],
)  # fmt: skip
def test_why_nobody_took_it(number: int, words: str) -> None:
    """In words, without the library's own."""
    said = str(why_not(OSError(number, "Connect call failed ('192.0.2.1', 443)")))
    assert said.startswith(words)
    assert "Connect call" not in said


async def test_a_refused_connection_has_a_way() -> None:
    """A port where nobody listens refuses, which shows that there is a way."""
    (one,) = await tried(["127.0.0.1"], free_port())
    assert str(one.fault) == "refuses the connection"
    assert not one.unrouted


@pytest.mark.parametrize(("source", "unrouted"), [("fd00::2", True), ("2a00:1450::7", False)])
async def test_a_machine_with_a_local_prefix_only(source: str, unrouted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 4193 4.1: with a unique local address alone an open one is not reached, though a default route stands."""

    async def fails(address: str, port: int) -> None:
        raise OSError(errno.EHOSTUNREACH, f"Connect call failed {address}")

    class Asking:
        """A socket that knows its source."""

        def __init__(self, *kind: int) -> None:
            self.to: tuple[str, int] | None = None

        def __enter__(self) -> "Asking":
            return self

        def __exit__(self, *trouble: object) -> None:
            self.to = None

        def connect(self, to: tuple[str, int]) -> None:
            self.to = to

        def getsockname(self) -> tuple[str, int]:
            return source, 1

    monkeypatch.setattr("asyncio.open_connection", fails)
    monkeypatch.setattr("socket.socket", Asking)
    (one,) = await tried([SIX], 443)
    assert one.unrouted is unrouted
    assert str(one.fault) == "cannot be reached"
