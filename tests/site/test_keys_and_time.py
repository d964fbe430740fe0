"""Key rotation, lost and foreign rings, restored backups and clocks set back, seen from outside."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from genkan.protocol import ring as rings
from genkan.protocol.env import DAY, HOUR, MINUTE, SECOND
from genkan.protocol.outcomes import Change, DecideLoss, EventKind, MoveRing, PutLink, RaiseStop, Subject
from genkan.protocol.phones import PhoneState, judge
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import GrantState, Link, LinkKind
from genkan.protocol.ring import Ring
from genkan.protocol.sealing import Handle, Kind, Sealer
from genkan.site.keeper import Keeper
from genkan.site.readiness import Cause, readiness
from genkan.store.api import PhoneQuery
from tests.site.world import VERIFIER, SiteUnderTest, TestClock, close_site, open_site


async def _tell_store(site: SiteUnderTest, ring: Ring) -> None:
    assert await site.store.apply(Change((MoveRing(ring.version, ring.fingerprint),)))


async def _signed_in(site: SiteUnderTest) -> tuple[Link, str, str]:
    await site.make_account()
    link = await site.turn_mobile_on()
    tokens = await site.issue_tokens(link)
    return link, str(tokens["access_token"]), str(tokens["refresh_token"])


@asynccontextmanager
async def _put_back(folder: Path, refreshes: int) -> AsyncIterator[tuple[SiteUnderTest, Link, dict[str, Any]]]:
    """A site whose database was put back by hand to before so many refreshes, and what the last of them gave."""
    env = TestClock()
    site = await open_site(folder, env)
    link, _, token = await _signed_in(site)
    await close_site(site)
    backup = folder / "backup.sqlite3"
    shutil.copy(site.settings.database_path, backup)
    site = await open_site(folder, env, site.ring[-1])
    tokens: dict[str, Any] = {"refresh_token": token}
    for _ in range(refreshes):
        tokens = (await site.refresh(tokens["refresh_token"], link)).json()
    await close_site(site)
    shutil.copy(backup, site.settings.database_path)
    site = await open_site(folder, env, site.ring[-1])
    try:
        yield site, link, tokens
    finally:
        await close_site(site)


async def test_rotating_the_key_signs_nobody_out(site: SiteUnderTest) -> None:
    """Tokens of the old key work on, the next refresh is sealed under the new one, and a retry still gets its
    successor.
    """
    link, access, refresh = await _signed_in(site)
    added = rings.add(site.ring[-1], site.env())
    activated = rings.activate(added, added.keys[-1].id)
    assert isinstance(activated, Ring)
    site.ring.append(activated)
    await _tell_store(site, activated)
    assert (await site.myself(access)).status_code == 200
    first = (await site.refresh(refresh, link)).json()
    again = (await site.refresh(refresh, link)).json()
    assert again["refresh_token"] == first["refresh_token"]
    handle = site.door.sealer.open_token(first["refresh_token"])
    assert getattr(handle, "key_id", None) == activated.active.id
    assert (await site.myself(first["access_token"])).status_code == 200


async def test_revoking_a_key_ends_what_was_sealed_under_it(site: SiteUnderTest) -> None:
    """tokens.md 7: compromise: no token under the key is genuine any more, and the phone is shown as ended by it."""
    link, access, refresh = await _signed_in(site)
    compromised = site.ring[-1].active.id
    revoked = rings.revoke(site.ring[-1], compromised, site.env())
    assert isinstance(revoked, Ring)
    site.ring.append(revoked)
    stop = RaiseStop(Subject.KEY, compromised, EndReason.KEY_REVOKED, site.env.now)
    assert await site.store.apply(Change((MoveRing(revoked.version, revoked.fingerprint), stop)))
    assert (await site.myself(access)).status_code == 401
    assert (await site.refresh(refresh, link)).json()["error"] == "invalid_grant"
    while await site.store.settle(10):
        pass
    assert [row.grant.reason for row in await site.store.phones(PhoneQuery())] == ["key_revoked"]


async def test_a_node_with_an_old_ring_answers_503_until_it_has_the_new_one(site: SiteUnderTest) -> None:
    """tokens.md 7: never invalid_grant, which would sign phones out for our own slowness."""
    link, access, refresh = await _signed_in(site)
    newer = rings.add(site.ring[-1], site.env())
    await _tell_store(site, newer)
    behind = await site.refresh(refresh, link)
    assert (behind.status_code, behind.json()["error"]) == (503, "temporarily_unavailable")
    assert behind.headers["retry-after"]
    assert (await site.myself(access)).status_code == 503
    site.ring.append(newer)
    site.env.advance(SECOND)
    assert (await site.refresh(refresh, link)).status_code == 200


async def test_a_restored_backup_never_counts_as_a_replay(tmp_path: Path) -> None:
    """tokens.md 8: a token ahead of its row is refused with 503, untouched, loudly; healing moves the row past it."""
    async with _put_back(tmp_path, refreshes=2) as (site, link, tokens):
        env, third = site.env, tokens["refresh_token"]
        ahead = await site.refresh(third, link)
        assert (ahead.status_code, ahead.json()["error"]) == (503, "temporarily_unavailable")
        assert Cause.BEHIND in (await readiness(site.door)).causes
        assert await site.store.apply(Change((DecideLoss(env.now, env.now + DAY),)))
        healed = await site.refresh(third, link)
        assert healed.status_code == 200
        assert (await site.myself(healed.json()["access_token"])).status_code == 200
        assert (await site.refresh(healed.json()["refresh_token"], link)).status_code == 200
        events = [event.kind.value for _, event in await site.store.events()]
        assert "store.behind" in events
        assert "grant.healed" in events


async def test_who_is_ahead_when_healing_is_over_signs_in_again_aloud(tmp_path: Path) -> None:
    """Whether it was lost before the restore or in another loss since, nobody can tell: the audit says so, and the site
    stays ready. An access token sends its app to refresh, however old it is.
    """
    async with _put_back(tmp_path, refreshes=1) as (site, link, second):
        env = site.env
        assert await site.store.apply(Change((DecideLoss(env.now, env.now + DAY),)))
        env.advance(3 * DAY)
        assert (await site.myself(second["access_token"])).status_code == 401
        gone = await site.refresh(second["refresh_token"], link)
        assert (gone.status_code, gone.json()["error"]) == (400, "invalid_grant")
        assert (await readiness(site.door)).causes == {}
        await site.store.flush()
        assert (await site.store.site()).behind_since == 0
        told = [event for _, event in await site.store.events() if event.kind is EventKind.GRANT_NOT_HEALED]
        assert [event.detail for event in told] == ["generation 1 shown, row at 0"]


async def test_a_backup_restored_without_the_new_code_key_could_redeem_twice_and_does_not(tmp_path: Path) -> None:
    """tokens.md 8: after a restore no code of before opens, since the store may have forgotten that it was used."""
    env = TestClock()
    site = await open_site(tmp_path, env)
    await site.make_account()
    link = await site.turn_mobile_on()
    code = await site.get_code(link)
    await close_site(site)
    site = await open_site(tmp_path, env, rings.renew_for_restore(site.ring[-1], env()))
    try:
        answer = await site.token(
            grant_type="authorization_code", code=code, client_id=link.client_id,
            redirect_uri=link.redirects[0], code_verifier=VERIFIER,
        )  # fmt: skip
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    finally:
        await close_site(site)


async def test_a_copy_of_the_site_knows_no_token_of_the_original(tmp_path: Path) -> None:
    """The site id is in every seal: another site id, same ring, and nothing opens."""
    env = TestClock()
    one = await open_site(tmp_path / "one", env)
    two = await open_site(tmp_path / "two", env, one.ring[-1])
    try:
        _, access, _ = await _signed_in(one)
        assert (await one.myself(access)).status_code == 200
        assert (await two.myself(access)).status_code == 401
    finally:
        await close_site(one)
        await close_site(two)


@pytest.mark.parametrize("back", [MINUTE, HOUR, DAY])
async def test_a_clock_set_back_signs_nobody_out(site: SiteUnderTest, back: int) -> None:
    """Rotation and retry go on; a code from what is now the future waits instead of being spent."""
    link, _, refresh = await _signed_in(site)
    code = await site.get_code(link)
    site.env.advance(-back)
    future = await site.token(
        grant_type="authorization_code", code=code, client_id=link.client_id,
        redirect_uri=link.redirects[0], code_verifier=VERIFIER,
    )  # fmt: skip
    assert future.json()["error"] == "invalid_grant"
    first = await site.refresh(refresh, link)
    assert first.status_code == 200
    assert (await site.refresh(refresh, link)).json()["refresh_token"] == first.json()["refresh_token"]


async def test_a_clock_behind_the_store_is_told_and_makes_unready(site: SiteUnderTest) -> None:
    """tokens.md 8: warned of from 2 s, not ready from 10 s, and forgotten once the clock has been right for a
    minute.
    """
    keeper = Keeper(site.door, "site", lambda: site.env.now)
    await keeper.compare_clocks()
    assert (await readiness(site.door)).causes == {}
    site.env.advance(-11 * SECOND)
    await keeper.compare_clocks()
    assert Cause.CLOCK in (await readiness(site.door)).causes
    await keeper.compare_clocks()
    assert (await readiness(site.door)).causes == {}


@pytest.mark.parametrize(
    ("seconds", "warned", "word"),
    [(1, 0, ""), (2, 1, ""), (9, 1, ""), (10, 1, "behind"), (-1, 0, ""), (-2, 1, ""), (-10, 1, "ahead")],
)
async def test_a_store_with_a_clock_is_compared_with(
    site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch, seconds: int, warned: int, word: str
) -> None:
    """tokens.md 8: whichever way a node's clock is off, it warns from 2 s and is not ready from 10 s."""
    logged: list[str] = []
    door = replace(site.door, log=lambda level, event, **fields: logged.append(level))

    async def clock(_: object) -> int:
        return site.env.now + seconds * SECOND

    monkeypatch.setattr(type(site.store), "clock", clock)
    await Keeper(door, "a", lambda: site.env.now).compare_clocks()
    assert logged == ["warning"] * warned
    assert [word in reason for reason in (await readiness(door)).causes.values()] == [True] * bool(word)


async def test_a_slow_answer_of_the_database_is_no_clock_that_is_off(
    site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database's moment lies between question and answer, however long that took."""
    moments = iter((site.env.now, site.env.now + 30 * SECOND))

    async def clock(_: object) -> int:
        return site.env.now + 15 * SECOND

    monkeypatch.setattr(type(site.store), "clock", clock)
    await Keeper(site.door, "a", lambda: next(moments)).compare_clocks()
    assert (await readiness(site.door)).causes == {}


async def test_who_is_not_on_duty_compares_its_clock_and_no_more(
    site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several processes one settles, seals and prunes; each reports, and says when it has ended."""
    on_duty = False

    async def duty(_: object) -> bool:
        return on_duty

    async def settle(_: object, limit: int) -> int:
        settled.append(limit)
        return 0

    settled: list[int] = []
    monkeypatch.setattr(type(site.store), "on_duty", duty)
    monkeypatch.setattr(type(site.store), "settle", settle)
    keeper = Keeper(site.door, "a", lambda: site.env.now)
    await keeper.round()
    assert (settled, [node.node for node in await site.store.nodes()]) == ([], ["a"])
    on_duty = True
    await keeper.round()
    assert len(settled) == 1
    await keeper.leave()
    assert await site.store.nodes() == []


async def test_the_retry_is_open_for_a_day_while_the_successor_is_unseen(site: SiteUnderTest) -> None:
    """A night in a drawer: the lost answer is told again; once the successor was used the window closes after 30 s."""
    link, _, refresh = await _signed_in(site)
    lost = (await site.refresh(refresh, link)).json()
    site.env.advance(DAY)
    again = await site.refresh(refresh, link)
    assert again.json()["refresh_token"] == lost["refresh_token"]
    assert again.json()["expires_in"] == 3600
    assert (await site.myself(again.json()["access_token"])).status_code == 200
    await site.store.flush()
    site.env.advance(29 * SECOND)
    assert (await site.refresh(refresh, link)).status_code == 200
    site.env.advance(2 * SECOND)
    replayed = await site.refresh(refresh, link)
    assert replayed.json()["error"] == "invalid_grant"
    assert (await site.refresh(lost["refresh_token"], link)).json()["error"] == "invalid_grant"
    assert [row.grant.reason for row in await site.store.phones(PhoneQuery())] == ["replayed"]


async def test_a_sight_while_a_retry_is_being_judged_signs_nobody_out(
    site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes of one phone: the second refresh is on its way when the first one's tokens are used, and is judged
    by a moment before that.
    """
    link, _, refresh = await _signed_in(site)
    first = (await site.refresh(refresh, link)).json()
    load = site.store.grant_facts

    async def load_late(grant_id: bytes) -> Any:
        monkeypatch.setattr(site.store, "grant_facts", load)
        site.env.advance(5)
        assert (await site.myself(first["access_token"])).status_code == 200
        await site.store.flush()
        return await load(grant_id)

    monkeypatch.setattr(site.store, "grant_facts", load_late)
    again = await site.refresh(refresh, link)
    assert (again.status_code, again.json().get("refresh_token")) == (200, first["refresh_token"])


async def test_an_introspected_refresh_token_counts_as_seen(site: SiteUnderTest) -> None:
    """tokens.md 3: introspection is a sight; after it and the window the predecessor is a replay."""
    await site.make_account()
    made = await site.make_link("https://app.example/cb", kind=LinkKind.CONFIDENTIAL, introspect=True)
    secret = str(made.secret)
    first = str((await site.issue_tokens(made.link, secret=secret))["refresh_token"])
    second = (await site.refresh(first, made.link, client_secret=secret)).json()["refresh_token"]
    assert (await site.introspect(second, made.link, secret))["active"] is True
    await site.store.flush()
    site.env.advance(31 * SECOND)
    replayed = await site.refresh(first, made.link, client_secret=secret)
    assert replayed.json()["error"] == "invalid_grant"


async def test_a_node_with_an_old_ring_neither_introspects_nor_revokes(site: SiteUnderTest) -> None:
    """tokens.md 7: while the store names a newer ring, what an older one opens is judged by nobody: 503."""
    link, access, refresh = await _signed_in(site)
    made = await site.make_link("https://c.example/cb", introspect=True)
    newer = rings.add(site.ring[-1], site.env())
    await _tell_store(site, newer)
    form = {"client_id": made.link.client_id, "client_secret": made.secret or ""}
    introspected = await site.client.post(f"{site.base}/rest/oauth2/latest/introspect", data={**form, "token": access})
    assert introspected.status_code == 503
    activated = rings.activate(newer, newer.keys[-1].id)
    assert isinstance(activated, Ring)
    await _tell_store(site, activated)
    handle = site.door.sealer.open_token(refresh)
    assert isinstance(handle, Handle)
    sealer = Sealer(activated, (await site.store.site()).site_id)
    later = sealer.token(Kind.REFRESH, activated.active.id, handle.grant_id, 1)
    revoked = await site.client.post(
        f"{site.base}/rest/oauth2/latest/revoke", data={"token": later, "client_id": link.client_id}
    )
    assert revoked.status_code == 503
    assert [phone.grant.state for phone in await site.store.phones(PhoneQuery())] == [GrantState.LIVE]


async def test_who_lost_a_race_decides_by_the_time_it_is_then(
    site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that found the row moved on is decided anew, at the moment of the second try."""
    link, _, refresh = await _signed_in(site)
    apply, tries = site.store.apply, iter((False, True))

    async def lost_once(outcome: Any) -> bool:
        if next(tries):
            return await apply(outcome)
        site.env.advance(5 * SECOND)
        return False

    before = site.env.now
    monkeypatch.setattr(site.store, "apply", lost_once)
    assert (await site.refresh(refresh, link)).json()["created_at"] == (before + 5 * SECOND) // 1000


async def test_an_absolute_end_that_came_later_is_told_the_same_everywhere(site: SiteUnderTest) -> None:
    """Refreshing, introspection and the list of phones agree on a lifetime that the link got after the sign-in."""
    made = await site.make_link("https://c.example/cb", introspect=True)
    await site.make_account()
    tokens = await site.issue_tokens(made.link, secret=made.secret)
    shorter = replace(made.link, absolute_lifetime=2 * HOUR, version=made.link.version + 1)
    assert await site.store.apply(Change((PutLink(shorter),)))
    refresh = str(tokens["refresh_token"])
    told = await site.introspect(refresh, made.link, made.secret or "")
    assert told["exp"] == (site.env.now + 2 * HOUR) // 1000
    site.env.advance(2 * HOUR)
    assert await site.introspect(refresh, made.link, made.secret or "") == {"active": False}
    (row,) = await site.store.phones(PhoneQuery())
    assert judge(row, site.env()).state is PhoneState.EXPIRED
    refreshed = await site.refresh(refresh, made.link, client_secret=made.secret or "")
    assert refreshed.json()["error"] == "invalid_grant"
