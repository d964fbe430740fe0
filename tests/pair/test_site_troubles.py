"""The site's own troubles: lost writes, a store that is away, new keys; none of them signs the phone out."""

import shutil
from pathlib import Path

import pytest

from genkan.app.outcomes import Access, Retry, SignInAgain
from genkan.app.vault import FileVault
from genkan.protocol import ring as rings
from genkan.protocol.env import DAY, HOUR, SECOND
from genkan.protocol.outcomes import Change, DecideLoss, MoveRing, RaiseStop, Subject
from genkan.protocol.reasons import EndReason
from genkan.protocol.ring import Ring
from genkan.store.api import StoreUnavailable
from tests.pair.world import (
    TOKEN,
    Phone,
    a_signed_in_phone,
    generation_of,
    state_of,
)
from tests.site.world import SiteUnderTest, TestClock, close_site, open_site


async def test_a_restored_backup_keeps_the_session(tmp_path: Path) -> None:
    """The store lost writes: the app is told to try later, keeps its session, and after healing goes on."""
    env = TestClock()
    site = await open_site(tmp_path / "site", env)
    phone = await a_signed_in_phone(site, FileVault(tmp_path / "phone"))
    await close_site(site)
    backup = shutil.copy(site.settings.database_path, tmp_path / "backup")
    site = await moved_to(phone, await open_site(tmp_path / "site", env, site.ring[-1]))
    for _ in range(2):
        env.advance(2 * HOUR)
        assert await phone.name() == "alice"
    await close_site(site)
    shutil.copy(backup, site.settings.database_path)
    site = await moved_to(phone, await open_site(tmp_path / "site", env, site.ring[-1]))
    try:
        env.advance(2 * HOUR)
        behind = await phone.access()
        assert behind == Retry(f"{site.base} is busy or down (status 503): try again later.", 60)
        assert (await phone.kept()).tokens is not None
        assert await site.store.apply(Change((DecideLoss(env.now, env.now + DAY),)))
        assert await phone.name() == "alice"
        assert await state_of(site) == ("signed_in", "")
    finally:
        await close_site(site)


async def moved_to(phone: Phone, site: SiteUnderTest) -> SiteUnderTest:
    """The phone's line leads to this process of the site from now on."""
    down = Phone(site, phone.vault)
    phone.site, phone.line = site, down.line
    phone.restart()
    return site


async def test_a_busy_site_keeps_the_session(
    phone: Phone, site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that cannot answer is 503 and nothing more; the app waits without losing anything."""

    async def lost(*_: object) -> object:
        raise StoreUnavailable("the disk is away")

    site.env.advance(2 * HOUR)
    with monkeypatch.context() as patched:
        patched.setattr(type(site.store), "grant_facts", lost)
        assert isinstance(await phone.access(), Retry)
    assert await phone.name() == "alice"


async def test_refreshing_too_fast_waits(phone: Phone, site: SiteUnderTest) -> None:
    """More refreshes than the site allows at once: the app is told how long to wait, loses nothing, then goes on."""
    for _ in range(10):
        assert isinstance(await phone.access(rejected=(await phone.tokens())[0]), Access)
    last = (await phone.tokens())[0]
    told = await phone.access(rejected=last)
    assert told == Retry(f"{site.base} is busy or down (status 429): try again later.", 1)
    site.env.advance(SECOND)
    assert isinstance(await phone.access(rejected=last), Access)
    assert await state_of(site) == ("signed_in", "")


async def test_a_new_key_signs_nobody_out(phone: Phone, site: SiteUnderTest) -> None:
    """Keys rotate: the token of the old key works, the refresh goes over to the new one, a lost answer included."""
    added = rings.add(site.ring[-1], site.env())
    await use_ring(site, added)
    assert await phone.name() == "alice"
    activated = rings.activate(added, added.keys[-1].id)
    assert isinstance(activated, Ring)
    await use_ring(site, activated)
    assert await phone.name() == "alice"
    site.env.advance(2 * HOUR)
    phone.line.drop[TOKEN] = 1
    assert await phone.name() == "alice"
    assert await generation_of(site) == 1
    handle = site.door.sealer.open_token((await phone.tokens())[0])
    assert getattr(handle, "key_id", None) == activated.active.id


async def use_ring(site: SiteUnderTest, ring: Ring) -> None:
    """The new ring's file is there and the store names it."""
    site.ring.append(ring)
    site.env.advance(SECOND)
    assert await site.store.apply(Change((MoveRing(ring.version, ring.fingerprint),)))


async def test_a_revoked_key_ends_the_sign_in(phone: Phone, site: SiteUnderTest) -> None:
    """After `keys revoke` the app is told to sign in again, and the list says that the key was revoked."""
    key = site.ring[-1].active.id
    revoked = rings.revoke(site.ring[-1], key, site.env())
    assert isinstance(revoked, Ring)
    site.ring.append(revoked)
    stop = RaiseStop(Subject.KEY, key, EndReason.KEY_REVOKED, site.env.now)
    assert await site.store.apply(Change((MoveRing(revoked.version, revoked.fingerprint), stop)))
    while await site.store.settle(10):
        pass
    assert isinstance(await (await phone.session()).whoami(), SignInAgain)
    assert await state_of(site) == ("signed_out", "key_revoked")
