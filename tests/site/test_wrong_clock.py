"""tokens.md 1 and 8: a process whose clock is wrong removes, seals and ends nothing by it, and lets another do the work
that one does for all.
"""

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from genkan.protocol.env import DAY, HOUR, MINUTE, SECOND
from genkan.protocol.outcomes import Change, Event, EventKind
from genkan.site import keeper as keeping
from genkan.site.certificate_keeper import CertificateKeeper
from genkan.site.directory_keeper import DirectoryKeeper
from genkan.site.keeper import HELD, Keeper
from genkan.site.readiness import Cause, readiness
from genkan.store.api import PhoneQuery
from genkan.store.audit_rounds import NODE
from tests.site.directories import FakeDirectory
from tests.site.world import START, SiteUnderTest

FAR = 500 * DAY


class Shared:
    """A store with a clock of its own, as PostgreSQL is one, and what is asked of it."""

    def __init__(self, site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now: int | None = START
        self.pruned: list[int] = []
        self.on_duty = False
        kind = type(site.store)
        prune = kind.prune

        async def clock(_: object) -> int | None:
            return self.now

        async def duty(_: object) -> bool:
            self.on_duty = True
            return True

        async def leave(_: object) -> None:
            self.on_duty = False

        async def pruning(store: Any, now: int, limit: int) -> int:
            self.pruned.append(now)
            return await prune(store, now, limit)

        for name, verb in (("clock", clock), ("on_duty", duty), ("leave_duty", leave), ("prune", pruning)):
            monkeypatch.setattr(kind, name, verb)
        monkeypatch.setattr(keeping, "PAUSE_SECONDS", 0)


@pytest.fixture
def shared(site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch) -> Shared:
    return Shared(site, monkeypatch)


@pytest.fixture
async def phone(site: SiteUnderTest) -> bytes:
    """A phone that has just signed in, a browser session, and a line of the audit."""
    account = await site.make_account()
    await site.issue_tokens(await site.turn_mobile_on())
    assert await site.store.sessions(account.id)
    assert await site.store.apply(Change((), (Event(EventKind.LINK_CHANGED, START, "test"),)))
    (row,) = await site.store.phones(PhoneQuery())
    return row.grant.id


async def everything(site: SiteUnderTest) -> tuple[int, int, int]:
    """Phones, browser sessions, and lines of the audit."""
    person = await site.store.account_by_name("alice")
    assert person is not None
    sessions = await site.store.sessions(person.id)
    return len(await site.store.phones(PhoneQuery())), len(sessions), len(await site.store.audit_lines(None, 100))


async def turn(keeper: Keeper, number: int) -> None:
    keeper._rounds = number
    await keeper.round()


@pytest.mark.parametrize("off", [FAR, 10 * SECOND, -10 * SECOND, -FAR])
async def test_a_wrong_clock_does_no_work_of_all(site: SiteUnderTest, shared: Shared, phone: bytes, off: int) -> None:
    """Nothing is removed or sealed by it, and whoever had the duty gives it up; set right, it has it again."""
    before = await everything(site)
    keeper = Keeper(site.door, "a", lambda: site.env.now)
    shared.on_duty = True
    site.env.advance(off)
    for number in (0, 1, 60, 120):
        await turn(keeper, number)
    assert (shared.on_duty, shared.pruned, await everything(site)) == (False, [], before)
    assert await site.store.last_segment(NODE) is None
    site.env.now = START
    await turn(keeper, 180)
    assert (shared.on_duty, set(shared.pruned)) == (True, {START})


async def test_a_clock_is_looked_at_just_before_anything_is_removed(
    site: SiteUnderTest, shared: Shared, phone: bytes
) -> None:
    """It was right a minute ago, and is set on between two looks."""
    before = await everything(site)
    keeper = Keeper(site.door, "a", lambda: site.env.now)
    await turn(keeper, 0)
    shared.pruned.clear()
    site.env.advance(FAR)
    keeper._more = True
    await turn(keeper, 1)
    await turn(keeper, 2)
    assert (shared.on_duty, shared.pruned, await everything(site)) == (False, [], before)


@pytest.mark.parametrize(("ours", "machine", "theirs"), [(5, 5, 0), (-5, -5, 0), (9, 0, 0), (0, 0, None), (9, 3, None)])
async def test_what_is_removed_is_so_by_the_least_of_all_clocks(
    site: SiteUnderTest, shared: Shared, ours: int, machine: int, theirs: int | None
) -> None:
    """The process's, which never runs backwards, the machine's, and the store's where it has one."""
    shared.now = None if theirs is None else START + theirs * SECOND
    site.env.advance(ours * SECOND)
    await turn(Keeper(site.door, "a", lambda: START + machine * SECOND), 0)
    assert set(shared.pruned) == {START + min(n for n in (ours, machine, theirs) if n is not None) * SECOND}


async def test_what_the_process_takes_the_time_to_be_is_compared(site: SiteUnderTest, shared: Shared) -> None:
    """A machine's clock that was set on and back again leaves the process ahead until it is started anew."""
    site.env.advance(FAR)
    await turn(Keeper(site.door, "a", lambda: START), 0)
    assert (site.door.health.clock_ahead, shared.pruned) == (FAR, [])


async def test_where_the_store_has_no_clock_a_process_that_is_ahead_says_so_until_it_ends(
    site: SiteUnderTest, shared: Shared
) -> None:
    """A file is compared with the machine's: the time of such a process stands, and no token of its own expires."""
    shared.now = None
    keeper = Keeper(site.door, NODE, lambda: START)
    await turn(keeper, 0)
    site.env.advance(FAR)
    for number in (60, 120):
        await turn(keeper, number)
        assert list((await readiness(site.door)).causes) == [Cause.CLOCK]
    site.env.now = START + 9 * SECOND
    await turn(keeper, 180)
    assert (await readiness(site.door)).causes == {}


async def test_time_that_goes_on_at_once_is_not_believed_for_an_hour(
    site: SiteUnderTest, shared: Shared, phone: bytes
) -> None:
    """A file has no clock: after 500 days either nobody ran it for so long, or the machine's clock is wrong and NTP has
    an hour to mend it.
    """
    shared.now = None
    await turn(Keeper(site.door, NODE, lambda: site.env.now), 0)
    shared.pruned.clear()
    before = await everything(site)
    site.env.advance(FAR)
    again = Keeper(site.door, NODE, lambda: site.env.now)
    for number, later in ((0, 0), (60, MINUTE), (120, HELD - MINUTE - 1)):
        site.env.advance(later)
        await turn(again, number)
    assert (shared.pruned, await everything(site)) == ([], before)
    site.env.advance(1)
    await turn(again, 180)
    assert (await everything(site))[:2] == (0, 0)


async def test_a_leap_is_none_the_less_for_being_seen_already(
    site: SiteUnderTest, shared: Shared, phone: bytes
) -> None:
    """Whoever is started anew or comes second finds the wrong time told, and holds back as well, until it
    is mended.
    """
    shared.now = None
    await turn(Keeper(site.door, "a", lambda: site.env.now), 0)
    shared.pruned.clear()
    before = await everything(site)
    site.env.advance(FAR)
    for node in "aab":
        site.env.advance(5 * SECOND)
        await turn(Keeper(site.door, node, lambda: site.env.now), 0)
    assert (shared.pruned, await everything(site)) == ([], before)
    site.env.now = START + HOUR
    for node in "aba":
        await turn(Keeper(site.door, node, lambda: site.env.now), 0)
    assert (set(shared.pruned), await everything(site)) == ({START + HOUR}, before)


async def test_a_leap_after_all_have_ended_in_order_is_one(site: SiteUnderTest, shared: Shared, phone: bytes) -> None:
    """Their reports of the end tell no time; a machine without a battery for its clock is switched off like this."""
    keeper = Keeper(site.door, "a", lambda: site.env.now)
    await turn(keeper, 0)
    await keeper.leave()
    shared.pruned.clear()
    before = await everything(site)
    site.env.advance(FAR)
    shared.now = site.env.now
    await turn(Keeper(site.door, "b", lambda: site.env.now), 0)
    assert (shared.pruned, await everything(site)) == ([], before)


async def test_a_second_leap_is_one_beside_what_a_node_left_of_the_first(
    site: SiteUnderTest, shared: Shared, phone: bytes
) -> None:
    """A node that was killed while the database's clock was wrong leaves its report, far ahead for good."""
    await turn(Keeper(site.door, "a", lambda: site.env.now), 0)
    for node, later in (("a", FAR), ("b", HOUR)):
        site.env.now = shared.now = START + later
        await turn(Keeper(site.door, node, lambda: site.env.now), 0)
    shared.pruned.clear()
    before = await everything(site)
    site.env.now = shared.now = START + FAR + 2 * HOUR
    await turn(Keeper(site.door, "b", lambda: site.env.now), 0)
    assert (shared.pruned, await everything(site)) == ([], before)


@pytest.mark.parametrize(("every", "more", "number"), [(30, False, 30), (60, True, 17)])
async def test_a_leap_between_two_reports_is_seen_in_time(
    site: SiteUnderTest, shared: Shared, phone: bytes, every: int, more: bool, number: int
) -> None:
    """What is removed more often than reports are made, and what is left over from a round before."""
    shared.now = None
    door = dataclasses.replace(site.door, settings=replace(site.door.settings, prune_seconds=every))
    keeper = Keeper(door, NODE, lambda: site.env.now)
    await turn(keeper, 0)
    shared.pruned.clear()
    before = await everything(site)
    site.env.advance(FAR)
    keeper._more = more
    for later in range(2):
        await turn(keeper, number * (1 + later))
    assert (shared.pruned, await everything(site)) == ([], before)


@pytest.mark.parametrize("gap", [HOUR, DAY])
async def test_a_night_or_a_day_of_rest_is_believed(site: SiteUnderTest, shared: Shared, gap: int) -> None:
    """A machine that is off each night removes what has expired when it is on."""
    shared.now = None
    await turn(Keeper(site.door, NODE, lambda: site.env.now), 0)
    site.env.advance(gap)
    await turn(Keeper(site.door, NODE, lambda: site.env.now), 0)
    assert set(shared.pruned) == {START, START + gap}


@pytest.mark.parametrize(
    "a_keeper",
    [CertificateKeeper, lambda door: DirectoryKeeper(FakeDirectory(), door)],
    ids=["certificates", "directories"],
)
async def test_nobody_is_asked_after_by_a_wrong_clock(
    site: SiteUnderTest, shared: Shared, a_keeper: Callable[..., Any]
) -> None:
    """Nor do the looks at certificates and directories take the duty back."""
    rounds: list[int] = []
    keeper = a_keeper(site.door)

    async def round_() -> bool:
        rounds.append(site.door.health.clock_ahead)
        return False

    keeper.round = round_
    for ahead in (10 * SECOND, 10 * SECOND - 1):
        site.door.health.clock_ahead = ahead
        await keeper._turn()
        assert shared.on_duty is (ahead < 10 * SECOND)
    assert rounds == [10 * SECOND - 1]


async def test_reports_tell_the_stores_own_time(site: SiteUnderTest, shared: Shared) -> None:
    """tokens.md 7: a node whose clock is off is waited for like any other, and no longer."""
    for off in (-300 * SECOND, 600 * SECOND):
        site.env.now = START + off
        await Keeper(site.door, "a", lambda: site.env.now).compare_clocks()
        assert [node.seen_at for node in await site.store.nodes()] == [START]


async def test_a_wrong_clock_signs_no_phone_out(site: SiteUnderTest) -> None:
    """A lost answer that is asked for anew, or a refresh that would be too late: told to come again, by a process that
    is known to be wrong; the row stays as it is for the others.
    """
    await site.make_account()
    link = await site.turn_mobile_on()
    first = str((await site.issue_tokens(link))["refresh_token"])
    second = (await site.refresh(first, link)).json()
    assert (await site.myself(second["access_token"])).status_code == 200
    await site.store.flush()
    site.door.health.clock_ahead = FAR
    site.env.advance(FAR)
    for token in (first, second["refresh_token"]):
        asked = await site.refresh(token, link)
        assert (asked.status_code, asked.headers["retry-after"]) == (503, "10")
    site.door.health.clock_ahead = 0
    site.env.now = START + MINUTE
    assert (await site.refresh(second["refresh_token"], link)).status_code == 200


@pytest.mark.parametrize("off", [0, FAR])
async def test_a_wrong_clock_finds_no_loss(site: SiteUnderTest, off: int) -> None:
    """A row that went long ago looks lost to a process that is behind; no other shall be unready for it."""
    await site.make_account()
    token = str((await site.issue_tokens(await site.turn_mobile_on()))["access_token"])
    while await site.store.prune(START + FAR, 100):
        pass
    site.door.health.clock_off = off
    assert (await site.myself(token)).status_code == 503
    await site.store.flush()
    assert bool((await site.store.site()).behind_since) is (off == 0)
    site.door.health.clock_off = 0
    assert bool((await readiness(site.door)).causes) is (off == 0)


@pytest.mark.parametrize("off", [0, 20 * SECOND])
async def test_a_wrong_clock_says_nothing_of_when_a_token_was_seen(site: SiteUnderTest, off: int) -> None:
    """A sight that a process with a right clock finds to lie ahead would end a sign-in whose answer was lost."""
    await site.make_account()
    link = await site.turn_mobile_on()
    first = str((await site.issue_tokens(link))["refresh_token"])
    second = (await site.refresh(first, link)).json()
    site.door.health.clock_ahead = off
    site.env.advance(off)
    assert (await site.myself(second["access_token"])).status_code == 200
    await site.store.flush()
    (row,) = await site.store.phones(PhoneQuery())
    assert (row.grant.seen_generation == row.grant.generation) is (off == 0)
    site.door.health.clock_ahead, site.env.now = 0, START + 2 * SECOND
    assert (await site.refresh(first, link)).status_code == 200


async def test_work_without_end_stops_for_the_report(site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop that reaches a million rows keeps nobody from hearing that this process runs, nor from its clock."""
    reports: list[int] = []
    kind = type(site.store)
    report = kind.report

    async def counted(store: Any, node: Any) -> Any:
        reports.append(keeper._rounds)
        return await report(store, node)

    async def never_done(_: object, limit: int) -> int:
        return limit

    monkeypatch.setattr(kind, "report", counted)
    monkeypatch.setattr(kind, "settle", never_done)
    monkeypatch.setattr(keeping, "REPORT_SECONDS", 0.1)
    monkeypatch.setattr(keeping, "PAUSE_SECONDS", 0)
    keeper = Keeper(site.door, "a", lambda: site.env.now)
    for number in (0, 1, 2):
        await asyncio.wait_for(turn(keeper, number), 30)
    assert reports == [0, 1, 2]
