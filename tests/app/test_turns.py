"""Turns: nothing is done without the one that it needs, and whoever waits for one keeps no other task waiting."""

import asyncio
import threading

import pytest

from genkan.app import arrival, keeping
from genkan.app.drive import AsyncDriver
from genkan.app.keeping import Keeper
from genkan.app.outcomes import Access, Retry
from genkan.app.state import Account, decode
from genkan.app.steps import Ask, Flow, NoReturn, Returned, Step, Visit, visit
from genkan.app.vault import DEVICE, FileVault, Turn, VaultTrouble
from tests.app.by_hand import APP, a_site, document, drive, page, served
from tests.app.conftest import Chance, Clock
from tests.app.test_keeping import NEW, keep

LOGIN = page(302, location="/login.jsp")


@pytest.fixture
def few_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "TURN_POLLS", 3)


def test_no_sign_in_begins_without_its_turn(keeper: Keeper, few_polls: None) -> None:
    """Another program that signs in and does not finish is told of; no browser opens, and no mark is made."""
    held = keeper.vault.turn(DEVICE)
    assert held.take()
    outcome = drive(arrival.sign_in(keeper, a_site(), APP), served({"/rest/oauth2/latest/authorize": LOGIN}))
    held.give_back()
    assert isinstance(outcome, Retry)
    assert "signing in" in outcome.sentence
    assert keeper.vault.names() == ()


def test_no_code_is_redeemed_without_its_turn(keeper: Keeper, few_polls: None) -> None:
    """Where the turn is gone when the person comes back, nothing is asked for that nobody could keep in order."""
    held = keeper.vault.turn(DEVICE)

    def script(step: Step) -> object:
        if isinstance(step, Ask):
            assert step.method == "GET", "a code was redeemed"
            return LOGIN
        assert isinstance(step, Visit)
        assert held.take()
        return Returned(f"{APP}?code=c&state={step.state}&iss=https%3A%2F%2Fjira.example.com")

    outcome = drive(arrival.sign_in(keeper, a_site(), APP), script)
    held.give_back()
    assert isinstance(outcome, Retry)
    assert keeper.vault.names() == (DEVICE,)


class FullVault(FileVault):
    """Reads, and takes nothing more."""

    full = False

    def write(self, name: str, text: str) -> None:
        if self.full:
            raise VaultTrouble("No space left on device.")
        super().write(name, text)


@pytest.fixture
def full(vault: FileVault, clock: Clock, chance: Chance) -> Keeper:
    return Keeper(FullVault(vault._folder), clock, chance)


@pytest.mark.parametrize(("left", "rejected"), [(60_000, None), (-1, None), (60_000, "at-old")])
def test_a_full_disk_while_the_token_holds(full: Keeper, left: int, rejected: str | None) -> None:
    """An early renewal that could not be kept is not asked for; one that is needed says what is wrong."""
    keep(full, left=left)
    assert isinstance(full.vault, FullVault)
    full.vault.full = True
    flow = keeping.access(full, "s1", rejected)
    if left > 0 and rejected is None:
        outcome = drive(flow, lambda _step: pytest.fail("the site has made the present token worthless"))
        assert isinstance(outcome, Access)
        assert outcome.token == "at-old"
    else:
        with pytest.raises(VaultTrouble, match="No space left"):
            drive(flow, lambda _step: document(NEW))
    full.vault.full = False
    again = drive(keeping.access(full, "s1", rejected), lambda _step: document(NEW))
    assert isinstance(again, Access)
    assert again.token == "at-new"


class WatchedVault(FileVault):
    """Remembers the threads in which turns were asked for."""

    def __init__(self, vault: FileVault) -> None:
        super().__init__(vault._folder)
        self.threads: set[int] = set()

    def turn(self, name: str) -> Turn:
        return _WatchedTurn(super().turn(name), self.threads)


class _WatchedTurn:
    def __init__(self, turn: Turn, threads: set[int]) -> None:
        self._turn = turn
        self._threads = threads

    def take(self) -> bool:
        self._threads.add(threading.get_ident())
        return self._turn.take()

    def give_back(self) -> None:
        self._turn.give_back()


async def test_locks_are_taken_beside_the_loop(vault: FileVault, clock: Clock, chance: Chance) -> None:
    """A lock on a slow file system is waited for in a thread, never in the loop that other tasks run in."""
    watched = WatchedVault(vault)
    keeper = Keeper(watched, clock, chance)
    state = keep(keeper)
    driver = AsyncDriver(clock.ticks)
    assert state.account is None
    outcome = await driver.run(keeping.put_name(keeper, "s1", Account("u1", "alice")))
    assert outcome is not None
    assert await driver.run(arrival._device_id(keeper, a_site()))
    assert watched.threads
    assert threading.get_ident() not in watched.threads


class _Door:
    redirect_uri = APP

    def __init__(self) -> None:
        self.visited = threading.Event()
        self.ended = threading.Event()
        self.closed_in: list[int] = []

    def visit(self, asked: Visit) -> Returned | NoReturn:
        self.visited.set()
        self.ended.wait(20)
        return NoReturn(asked.url)

    def close(self) -> None:
        self.closed_in.append(threading.get_ident())
        self.ended.set()


async def test_a_door_is_closed_beside_the_loop(clock: Clock) -> None:
    """Breaking a sign-in off puts the desktop back by programs, which the loop does not wait for."""

    def flow() -> Flow[Returned | NoReturn]:
        return (yield from visit(Visit("https://jira.example.com/", "state")))

    door = _Door()
    task = asyncio.ensure_future(AsyncDriver(clock.ticks).run(flow(), door))
    await asyncio.to_thread(door.visited.wait, 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (thread,) = door.closed_in
    assert thread != threading.get_ident()


def test_the_state_is_as_it_was(full: Keeper) -> None:
    """What could not be kept has changed nothing of what is kept."""
    before = keep(full, left=60_000)
    assert isinstance(full.vault, FullVault)
    full.vault.full = True
    with pytest.raises(VaultTrouble):
        drive(keeping.access(full, "s1", "at-old"), lambda _step: document(NEW))
    assert decode("s1", full.vault.read("s1") or "") == before
