"""healthz, readyz and metrics: what operators' programs are told, and who may ask."""

import asyncio
from dataclasses import replace

import httpx2
import pytest

from genkan.site.door import Secrets
from genkan.site.keeper import Keeper
from genkan.store.api import Reported, StoreUnavailable
from tests.site.world import SiteUnderTest

TOKEN = "metrics-token-of-the-test"


async def ready(site: SiteUnderTest) -> tuple[int, list[str]]:
    answer = await site.client.get(f"{site.base}/readyz")
    told = answer.json()
    assert told["ready"] is (answer.status_code == 200)
    return answer.status_code, told["reasons"]


async def test_a_healthy_process_is_ready(context_site: SiteUnderTest) -> None:
    """Both answer below the context path, to any host name, and are never stored."""
    for path in ("healthz", "readyz"):
        answer = await context_site.client.get(f"{context_site.base}/{path}", headers={"host": "10.1.2.3:8080"})
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "value", "word"), [("closing", True, "closing"), ("behind", True, "store"), ("clock_off", 10_000, "clock")]
)
async def test_each_cause_takes_the_process_out(site: SiteUnderTest, name: str, value: int, word: str) -> None:
    """Closing, lost writes, and a clock 10 s behind the store's each say so."""
    setattr(site.door.health, name, value)
    status, reasons = await ready(site)
    assert status == 503
    assert [word in reason for reason in reasons] == [True]
    assert (await site.client.get(f"{site.base}/healthz")).status_code == 200


async def test_a_clock_just_short_of_the_limit_is_ready(site: SiteUnderTest) -> None:
    """9.999 s is warned of, not refused."""
    site.door.health.clock_off = 9_999
    assert await ready(site) == (200, [])


async def test_a_store_that_does_not_answer_is_said(site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """readyz itself answers, with the reason."""

    async def gone(store: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(type(site.store), "site", gone)
    assert await ready(site) == (503, ["the store does not answer"])


async def test_a_store_that_takes_no_writes_is_said_until_it_does(
    site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads may go on from a disk that is full. A request that failed makes upkeep look, and upkeep alone decides."""
    full = True
    report = type(site.store).report

    async def reported(store: object, node: object) -> Reported:
        if full:
            raise StoreUnavailable("no room")
        return await report(store, node)  # type: ignore[arg-type]

    monkeypatch.setattr(type(site.store), "report", reported)
    keeper = Keeper(site.door, "site", lambda: site.env.now)
    keeper._rounds = 1
    keeper._reported = site.door.sealer.ring.version
    await keeper.round()
    assert await ready(site) == (200, [])

    async def gone(store: object, *_: object) -> None:
        raise StoreUnavailable

    with monkeypatch.context() as away:
        away.setattr(type(site.store), "link_by_client_id", gone)
        answer = await site.client.get(f"{site.base}/rest/oauth2/latest/authorize?client_id=a&response_type=code")
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    assert await ready(site) == (200, [])
    with pytest.raises(StoreUnavailable):
        await keeper.round()
    assert await ready(site) == (503, ["the store takes no writes"])
    full = False
    await keeper.round()
    assert await ready(site) == (200, [])


async def test_a_ring_older_than_the_store_says_is_not_ready(site: SiteUnderTest) -> None:
    """tokens.md 7: this node would refuse good tokens."""
    from genkan.protocol.outcomes import Change, MoveRing

    fingerprint = site.ring[0].fingerprint
    assert await site.store.apply(Change((MoveRing(site.ring[0].version + 1, fingerprint),)))
    status, reasons = await ready(site)
    assert (status, len(reasons)) == (503, 1)
    assert "key ring" in reasons[0]


async def test_all_causes_are_listed_at_once(site: SiteUnderTest) -> None:
    """An operator sees everything that has to be mended."""
    site.door.health.closing = site.door.health.behind = True
    assert len((await ready(site))[1]) == 2


def asking_from(site: SiteUnderTest, address: str) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=site.app, client=(address, 4711))  # type: ignore[arg-type]
    return httpx2.AsyncClient(transport=transport, base_url=site.base)


async def metrics(site: SiteUnderTest, address: str = "127.0.0.1", **headers: str) -> httpx2.Response:
    async with asking_from(site, address) as client:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await client.get(f"{site.base}/metrics", headers=sent)


async def test_without_a_token_file_metrics_are_for_this_machine(site: SiteUnderTest) -> None:
    """Loopback reads them in Prometheus' format; nobody else does."""
    answer = await metrics(site)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "genkan_up 1.0" in answer.text
    assert (await metrics(site, "192.0.2.1")).status_code == 403


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded", "via", "x_real_ip", "x_forwarded_proto"])
async def test_a_proxy_that_was_never_told_of_is_not_this_machine(site: SiteUnderTest, header: str) -> None:
    """A neighbour that passes the world's requests on is recognised by what proxies add."""
    assert (await metrics(site, **{header: "203.0.113.5"})).status_code == 403


@pytest.fixture
async def guarded(tmp_path: object, site: SiteUnderTest) -> SiteUnderTest:
    """The same site with a metrics token."""
    from genkan.site.app import build
    from genkan.site.peer import Peers

    door = replace(site.door, secrets=Secrets(metrics_token=TOKEN))
    return replace(site, door=door, app=build(door, Peers((), ""), lambda: 0.0))


async def test_with_a_token_file_the_token_is_needed_from_everywhere(guarded: SiteUnderTest) -> None:
    """Loopback is no reason any more, and any address with the token is let in."""
    assert (await metrics(guarded)).status_code == 401
    assert (await metrics(guarded, "192.0.2.1", authorization=f"Bearer {TOKEN}")).status_code == 200


@pytest.mark.parametrize("shown", [TOKEN[:-1], TOKEN + "x", "", TOKEN.upper(), "gnk_at_" + "A" * 52])
async def test_a_wrong_metrics_token_is_refused(guarded: SiteUnderTest, shown: str) -> None:
    """With a challenge, and not a byte of the measurements."""
    answer = await metrics(guarded, authorization=f"Bearer {shown}")
    assert answer.status_code == 401
    assert "www-authenticate" in answer.headers
    assert "genkan_up" not in answer.text


async def test_labels_hold_route_templates_and_never_what_was_sent(site: SiteUnderTest) -> None:
    """No path, token or name of a caller becomes a label."""
    await site.client.get(f"{site.base}/rest/oauth2/1.0/client/secret-in-the-path")
    await site.client.get(f"{site.base}/no/such/secret-in-the-path")
    text = (await metrics(site)).text
    assert "secret-in-the-path" not in text
    assert 'route="/rest/oauth2/1.0/client/{id}",status="401"' in text
    assert 'route="unknown",status="404"' in text


async def test_a_genuine_token_ahead_of_its_row_makes_the_site_unready(tmp_path: object, site: SiteUnderTest) -> None:
    """tokens.md 8: lost writes are noticed where the token is shown, and readyz says so."""
    from genkan.protocol.sealing import Kind

    await site.make_account()
    await site.issue_tokens(await site.turn_mobile_on())
    from genkan.store.api import PhoneQuery

    (row,) = await site.store.phones(PhoneQuery())
    ahead = site.door.sealer.token(Kind.ACCESS, row.grant.key_id, row.grant.id, row.grant.generation + 1)
    answer = await site.myself(ahead)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert (await ready(site))[0] == 503


async def test_a_bug_in_one_round_does_not_end_the_upkeep(site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is logged, and the next round does what was left undone."""
    logged: list[str] = []
    rounds = asyncio.Event()
    door = replace(site.door, log=lambda level, event, **fields: logged.append(f"{level}: {event}"))
    keeper = Keeper(door, "site", lambda: site.env.now)
    faults = iter((ValueError("a bug"), StoreUnavailable("busy")))

    async def settle() -> None:
        fault = next(faults, None)
        if fault is not None:
            raise fault
        rounds.set()

    monkeypatch.setattr(keeper, "_settle", settle)
    monkeypatch.setattr("genkan.site.keeper.ROUND_SECONDS", 0)
    running = asyncio.create_task(keeper.run())
    await asyncio.wait_for(rounds.wait(), 30)
    running.cancel()
    assert logged == ["error: bug", "warning: upkeep waits for the store"]


async def test_what_cannot_be_read_is_counted_like_every_refusal(site: SiteUnderTest) -> None:
    """tokens.md 4: malformed requests leave their aggregates, by reason and network."""
    token = f"{site.base}/rest/oauth2/latest/token"
    form = {"content-type": "application/x-www-form-urlencoded"}
    await site.client.post(token, content=b"a=1&a=2", headers=form)
    await site.client.post(token, json={})
    await site.client.post(token, content=b"a=%zz", headers=form)
    await site.client.get(f"{site.base}/login", headers=[("host", "site.example"), ("host", "other.example")])
    await site.client.get(f"{site.base}/login", headers={"host": "other.example"})
    await site.store.flush()
    told = {tally.reason: tally.count for tally in await site.store.tallies()}
    assert told == {"repeated_parameter": 1, "wrong_content_type": 1, "malformed": 2, "wrong_host": 1}
