"""What /metrics shows: each family counts what it says, on both engines, under labels that are all ours."""

import asyncio

import pytest
from prometheus_client.parser import text_string_to_metric_families

from genkan.httpd.seat import a_letterbox
from genkan.outside.passwords import PasswordLane
from genkan.protocol.outcomes import Change, Rotated
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Site
from genkan.protocol.signin.password import LaneFull
from genkan.site.app import route_table
from genkan.site.counted_passwords import CountedPasswords
from genkan.site.fellows import Fellows
from genkan.site.measure import PasswordFigures
from genkan.site.metrics import exposition, families
from genkan.site.readiness import Cause, readiness
from genkan.store.api import QueueFull, StoreUnavailable
from genkan.store.figures import BATCH_BOUNDS, LaneFigures, PoolFigures, StoreFigures, Written
from tests.site.world import SiteUnderTest

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def shown(site: SiteUnderTest) -> Samples:
    """Every sample, by name and labels, as Prometheus' own reader finds it."""
    text = exposition(await families(site.door)).decode()
    found = text_string_to_metric_families(text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in found for s in family.samples}


def one(samples: Samples, name: str, **labels: str) -> float:
    """One sample."""
    return samples[name, frozenset(labels.items())]


async def test_a_sign_in_and_a_refresh_leave_their_traces(site: SiteUnderTest) -> None:
    """By way, by outcome, by event, in the batches and in the latency of the route that was asked."""
    await site.make_account()
    link = await site.turn_mobile_on()
    tokens = await site.issue_tokens(link)
    assert (await site.refresh(str(tokens["refresh_token"]), link)).status_code == 200
    samples = await shown(site)
    assert one(samples, "genkan_sign_ins_total", way="password") == 1
    assert one(samples, "genkan_store_outcomes_total", outcome="redeemed") == 1
    assert one(samples, "genkan_store_outcomes_total", outcome="rotated") == 1
    assert one(samples, "genkan_events_total", kind="grant.signed_in") == 1
    route = "/rest/oauth2/latest/token"
    assert one(samples, "genkan_http_answers_total", route=route, status="200") == 2
    assert one(samples, "genkan_http_seconds_bucket", route=route, le="+Inf") == 2
    assert one(samples, "genkan_store_batch_sum", lane="writes") >= 5
    assert one(samples, "genkan_store_batch_bucket", lane="writes", le="+Inf") >= 5
    assert one(samples, "genkan_store_waiting", lane="writes") == 0


async def test_refusals_are_counted_by_code(site: SiteUnderTest) -> None:
    """Each under the reason that the manual names."""
    for _ in range(3):
        await site.myself("gnk_at_" + "A" * 52)
    assert one(await shown(site), "genkan_refusals_total", reason="token_broken") == 3


async def test_what_may_be_counted_is_there_before_it_is(site: SiteUnderTest) -> None:
    """Prometheus sees no rise in a series that is born risen: every value of a list of ours is told at 0."""
    site.door.measures.server.shed["people"] += 50
    samples = await shown(site)
    reasons = {reason: one(samples, "genkan_refusals_total", reason=reason) for reason in Reason}
    assert set(reasons.values()) == {0}
    shed = {
        what: one(samples, "genkan_shed_total", what=what)
        for what in ("programs", "people", "connections", "unfinished")
    }
    assert shed == {"programs": 0, "people": 50, "connections": 0, "unfinished": 0}
    assert [one(samples, "genkan_cut_off_total", part=part) for part in ("head", "body", "answer")] == [0] * 3
    for path in {rule.path for rule in route_table(site.base)}:
        assert one(samples, "genkan_http_answers_total", route=path, status="500") == 0
    outcomes = ("redeemed", "rotated", "retried", "ended")
    assert [one(samples, "genkan_store_outcomes_total", outcome=outcome) for outcome in outcomes] == [0] * 4
    assert one(samples, "genkan_events_total", kind="grant.signed_in") == 0
    assert one(samples, "genkan_sign_ins_total", way="recovery") == 0


async def test_the_state_is_told_with_its_cause(site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ready or not, and why; the metrics are there also while the store is not."""
    samples = await shown(site)
    assert one(samples, "genkan_ready") == 1
    assert {one(samples, "genkan_unready", cause=cause) for cause in Cause} == {0}
    assert one(samples, "genkan_key_ring_version") == one(samples, "genkan_store_key_ring_version")
    site.door.health.clock_off, site.door.health.closing = 12_000, True

    async def away() -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(site.store, "site", away)
    samples = await shown(site)
    assert one(samples, "genkan_ready") == 0
    assert one(samples, "genkan_clock_behind_seconds") == 12
    told = {cause: one(samples, "genkan_unready", cause=cause) for cause in Cause}
    assert told == {Cause.CLOSING: 1, Cause.CLOCK: 1, Cause.STORE: 1, Cause.BEHIND: 0, Cause.RING: 0}


async def test_a_clock_that_was_set_back_is_told_by_the_worse_of_both_ways(site: SiteUnderTest) -> None:
    """Behind what the store remembers, and ahead of its machine: the two do not make a clock that is right."""
    site.door.health.clock_off = site.door.health.clock_ahead = 3_600_000
    assert abs(one(await shown(site), "genkan_clock_behind_seconds")) == 3600
    site.door.health.clock_off = 0
    assert one(await shown(site), "genkan_clock_behind_seconds") == -3600


async def test_a_store_that_hangs_takes_no_numbers_away(site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each process tells what it has counted while its fellows wait for it, readyz says why before its asker goes, and
    however many ask, the store is asked once.
    """
    asked, answers = list[int](), asyncio.Event()
    look, loop = site.store.site, asyncio.get_running_loop()

    async def hanging() -> Site:
        asked.append(1)
        await answers.wait()
        return await look()

    monkeypatch.setattr(site.store, "site", hanging)
    site.door.measures.answered("/healthz", 200, 0.001)
    boxes = [a_letterbox() for _ in range(2)]
    fellows = [Fellows(number, [(box.inlet, box.outlet) for box in boxes]) for number in range(2)]
    for fellow in fellows:
        fellow.listen(lambda: families(site.door))
    begun = loop.time()
    for text in await asyncio.gather(*(fellow.render() for fellow in fellows)):
        told = text.decode()
        for number in range(2):
            assert f'genkan_http_answers_total{{route="/healthz",status="200",worker="{number}"}} 1.0' in told
            assert f'genkan_up{{worker="{number}"}} 1.0' in told
            assert f'genkan_unready{{cause="store",worker="{number}"}} 1.0' in told
    assert loop.time() - begun < 2
    assert list((await readiness(site.door)).causes) == [Cause.STORE]
    assert loop.time() - begun < 2.9
    answers.set()
    assert (await readiness(site.door)).causes == {}
    assert len(asked) == 1
    for box in boxes:
        loop.remove_reader(box.outlet.fileno())
        box.close()


async def test_batches_of_many_are_counted_as_such(site: SiteUnderTest) -> None:
    """What waits together is one batch: its size is what the histogram tells."""
    figures = site.store.figures().lanes[0]
    before = list(figures.batches)
    changes = [site.store.apply(Change(())) for _ in range(20)]
    assert all(await asyncio.gather(*changes))
    grown = [after - earlier for after, earlier in zip(figures.batches, before, strict=True)]
    assert sum(grown) < 20
    assert any(grown[BATCH_BOUNDS.index(8) :])


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 64, 65, 128, 129, 5000])
def test_a_batch_is_in_the_first_bucket_that_holds_it(size: int) -> None:
    """And in no other: the exposition adds them up."""
    figures = LaneFigures("writes", 10, lambda: 0)
    figures.took(size)
    place = figures.batches.index(1)
    assert sum(figures.batches) == 1
    assert place == next((at for at, bound in enumerate(BATCH_BOUNDS) if size <= bound), len(BATCH_BOUNDS))
    figures.took(0)
    assert sum(figures.batches) == 1


async def test_a_full_queue_is_counted(site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each write that was refused, where the others wait on."""
    monkeypatch.setattr("genkan.store.sqlite_writer.MOST_WAITING", 1)
    first = asyncio.ensure_future(site.store.apply(Change(())))
    await asyncio.sleep(0)
    with pytest.raises(QueueFull):
        await site.store.apply(Change(()))
    assert await first
    assert one(await shown(site), "genkan_store_refused_total", lane="writes") == 1


async def test_the_password_lane_is_counted(site: SiteUnderTest) -> None:
    """Who waits, who was served and who found it full."""
    figures, full, free = site.door.measures.passwords, asyncio.Event(), asyncio.Event()

    class Held(PasswordLane):
        async def verify(self, kept: str, password: str) -> bool:
            if full.is_set():
                raise LaneFull
            await free.wait()
            return True

    held = Held(1)
    lane = CountedPasswords(held, figures)
    trying = asyncio.ensure_future(lane.verify("", ""))
    await asyncio.sleep(0)
    full.set()
    with pytest.raises(LaneFull):
        await lane.verify("", "")
    assert (await shown(site))["genkan_passwords_waiting", frozenset()] == 1
    free.set()
    assert await trying
    held.close()
    assert figures == PasswordFigures(waiting=0, done=1, refused=1)


async def test_postgresql_tells_of_its_connections(site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Statements by connection and the state of the pool, where there is one."""
    figures = StoreFigures((), Written(), 3, {"reads": 7}, PoolFigures(open=4, idle=1, most=6, waiting=2))
    monkeypatch.setattr(site.store, "figures", lambda: figures)
    samples = await shown(site)
    assert one(samples, "genkan_store_statements_total", connection="reads") == 7
    states = {state: one(samples, "genkan_store_connections", state=state) for state in ("idle", "busy", "most")}
    assert states == {"idle": 1, "busy": 3, "most": 6}
    assert one(samples, "genkan_store_readers_waiting") == 2
    assert one(samples, "genkan_store_notes_waiting") == 3


async def test_every_way_has_its_word(site: SiteUnderTest) -> None:
    """Methods of one way are added up, and a one-time link is a way of its own here."""
    written = Written()
    written.sign_ins.update({"pwd": 2, "hwk user": 3, "swk mfa": 1, "pop": 1, "fed": 4, "recovery": 1})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site.store, "figures", lambda: StoreFigures((), written, 0))
        samples = await shown(site)
    ways = {"password": 2, "passkey": 4, "certificate": 1, "corporate": 4, "recovery": 1}
    assert {way: one(samples, "genkan_sign_ins_total", way=way) for way in ways} == ways


def test_a_refused_write_is_not_counted_as_written() -> None:
    """Only what is durable is noted; an outcome without an event is counted without one."""
    written = Written()
    written.note(Rotated(None, None))  # type: ignore[arg-type]
    assert written.outcomes == {Rotated: 1}
    assert not written.events


async def test_the_text_is_what_the_registry_would_read_again(site: SiteUnderTest) -> None:
    """Families are named once, helped and typed; a process of ours is told of too."""
    text = exposition(await families(site.door)).decode()
    named = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(named) == len(set(named))
    assert "process_resident_memory_bytes" in named
    assert all(line.startswith(("#", "genkan_", "process_")) for line in text.splitlines())
