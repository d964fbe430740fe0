"""No operation takes the last way in that the site takes from the last who administers it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from genkan.protocol.certificate_records import (
    AddPin,
    KeepCertificate,
    KnownCertificate,
    Pin,
    PinKind,
    RevokeCertificate,
)
from genkan.protocol.certificates.naming import Leaf, read_leaf
from genkan.protocol.certificates.owners import ByRules
from genkan.protocol.certificates.pins import pin_value
from genkan.protocol.entrances import Entrances
from genkan.protocol.identity_steps import AddIdentity
from genkan.protocol.offboarding import Presence
from genkan.protocol.outcomes import Change, EventKind, SetPassword
from genkan.protocol.passkey_steps import AddPasskey, RemovePasskey
from genkan.protocol.reasons import EndReason, Reason, entry
from genkan.protocol.records import ALL_WAYS, Account, Identity, Method, Standing, Way
from genkan.protocol.signin.gate import enter
from genkan.protocol.signin.passkey import public_id as passkey_id
from genkan.protocol.signin.session import Browser, NewSession
from genkan.protocol.signin_steps import PutSignInPolicy
from genkan.site.account.identities import has_other_way
from genkan.site.api.documents import public_id
from genkan.site.api.installation import load_installation
from genkan.site.ways_here import entrances_here
from genkan.sources.base import Source
from genkan.wire.scopes import Permission
from tests.protocol.certificates.making import authority, mail, person
from tests.site.api_world import Caller, a_key, one
from tests.site.directories import FakeDirectory, asked_after, linked
from tests.site.passkey_house import make, only, press_remove, use
from tests.site.person_world import page, path_of, send
from tests.site.world import SiteUnderTest, TestClock, close_site, forms_of, open_site
from tests.software_key import SoftwareKey

ROOT = authority()
MADE = person(ROOT, mail("root@site.example"))
LEAF = read_leaf(MADE.certificate)
LAST = entry(Reason.LAST_ADMINISTRATOR).public
PRINT = LEAF.fingerprint.hex()


@pytest.fixture
async def site(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[SiteUnderTest]:
    """A site that knows an authority and has moved here from another host; a test may choose other settings."""
    (tmp_path / "ca.pem").write_bytes(ROOT.pem)
    moved = {
        "client_ca": str(tmp_path / "ca.pem"), "certificate_rules": ("email@site.example=name",),
        "former_base_urls": ("https://old.example",),
    }  # fmt: skip
    opened = await open_site(tmp_path / "site", TestClock(), **{**moved, **getattr(request, "param", {})})
    yield opened
    await close_site(opened)


@pytest.fixture
async def ours(site: SiteUnderTest) -> Caller:
    """An API key that may do everything."""
    return await a_key(site, Permission.SYSTEM_ADMIN)


async def takes(site: SiteUnderTest, ways: Way) -> None:
    """The site takes these ways from now on."""
    assert await site.store.apply(Change((PutSignInPolicy(ways, None, (await site.store.site()).version),)))


async def pinned(site: SiteUnderTest, account: Account, not_after: int | None = None) -> Pin:
    now = site.env().now
    ends = now + 10**9 if not_after is None else not_after
    pin = Pin(5, account.id, PinKind.SPKI, LEAF.spki, "root's key", now, LEAF.fingerprint, ends)
    assert await site.store.apply(Change((AddPin(pin),)))
    return pin


async def known(site: SiteUnderTest, account: Account, not_after: int | None = None) -> None:
    now = site.env().now
    ends = now + 10**9 if not_after is None else not_after
    one = KnownCertificate(7, LEAF.fingerprint, account.id, "CN=root", MADE.der, ROOT.der, ends, now, now, now)
    assert await site.store.apply(Change((KeepCertificate(one),)))


async def refused_in_console(site: SiteUnderTest, root: Account, method: Method, rest: str) -> bool:
    """Whether the console takes this no more from root who came by this method, and says why."""
    ways = (await site.store.site()).ways
    opened = enter(root, method, ways, Browser("", "", None), site.env(), site.door.lifetimes)
    assert isinstance(opened, NewSession)
    assert await site.store.apply(opened.change)
    site.client.cookies.set("__Host-genkan-session", opened.cookie, domain="site.example", path="/")
    answer = await send(site, path_of(root), rest)
    return answer.status_code == 409 and LAST in unescape(answer.text)


def pin_value_of(leaf: Leaf) -> bytes:
    value = pin_value(leaf, PinKind.SUBJECT)
    assert value is not None
    return value


async def second(site: SiteUnderTest) -> None:
    """Somebody else who administers, with a certificate of their own."""
    other = await site.make_account("second", Permission.SYSTEM_ADMIN)
    assert await site.store.apply(Change((AddPin(Pin(6, other.id, PinKind.SPKI, b"2" * 32, "", 1)),)))


@pytest.mark.parametrize("site", [{"certificate_rules": ()}], indirect=True)
@pytest.mark.parametrize("came", [False, True])
async def test_the_last_pin_stays(site: SiteUnderTest, root: Account, ours: Caller, came: bool) -> None:
    """By REST and in the console, also where the certificate has signed in: without the pin it is nobody's."""
    pin = await pinned(site, root)
    if came:
        await known(site, root)
    shown = await page(site, path_of(root))
    assert public_id(pin.id) in shown
    await takes(site, Way.CERTIFICATE | Way.PASSKEY)
    address = f"{one(root, '/certificate-pins')}/{public_id(pin.id)}"
    refused = await ours("DELETE", address)
    assert (refused.status_code, refused.json()["error_description"]) == (409, LAST)
    assert await refused_in_console(site, root, Method.POP, f"/certificates/{public_id(pin.id)}/remove")
    assert await site.store.pins(root.id) == [pin]
    await second(site)
    assert (await ours("DELETE", address)).status_code == 200


@pytest.mark.parametrize("tied", [False, True])
async def test_the_last_certificate_stays(site: SiteUnderTest, root: Account, ours: Caller, tied: bool) -> None:
    """Ending it is refused also where a pin fits it: who holds that key has shown no other certificate."""
    await known(site, root)
    if tied:
        await pinned(site, root)
    await takes(site, Way.CERTIFICATE)
    address = f"{one(root, '/certificates')}/{PRINT}"
    refused = await ours("DELETE", address)
    assert (refused.status_code, refused.json()["error_description"]) == (409, LAST)
    assert await refused_in_console(site, root, Method.POP, f"/certificates/{PRINT}/revoke")
    kept = await site.store.certificate(LEAF.fingerprint)
    assert kept is not None
    assert kept.revoked_at is None
    await second(site)
    assert (await ours("DELETE", address)).status_code == 200


async def test_the_last_link_to_the_directory_stays(site: SiteUnderTest, root: Account, ours: Caller) -> None:
    """Where the corporate way is the only one."""
    site.door.sign_on.sources = (Source(name="corp", title="Example Corp"),)
    assert await site.store.apply(Change((AddIdentity(Identity("corp", "00u1", root.id, "root", 1, 1, 1)),)))
    await takes(site, Way.CORPORATE)
    refused = await ours("DELETE", one(root, "/identities/corp"))
    assert (refused.status_code, refused.json()["error_description"]) == (409, LAST)
    assert await refused_in_console(site, root, Method.FED, "/identities/corp/remove")
    assert len(await site.store.identities_of(root.id)) == 1
    await takes(site, Way.CORPORATE | Way.PASSWORD)
    assert (await ours("DELETE", one(root, "/identities/corp"))).status_code == 200


async def test_an_expired_certificate_is_no_way_in(site: SiteUnderTest, root: Account) -> None:
    """It lets nobody in, so nobody can be left with it."""
    now = site.env().now
    await known(site, root, now - 1)
    here = entrances_here(site.door).by(Way.CERTIFICATE)
    assert not await site.store.has_administrator_by(here, Permission.SYSTEM_ADMIN, now)
    assert await site.store.has_administrator_by(here, Permission.SYSTEM_ADMIN, now - 1)


async def test_a_certificate_is_a_way_in_while_it_names_its_person(site: SiteUnderTest, root: Account) -> None:
    """What signed somebody in once and would name nobody today, or somebody else, is counted for nobody."""
    await known(site, root)
    alice = await site.make_account()
    now, here = site.env().now, entrances_here(site.door).by(Way.CERTIFICATE)
    assert await site.store.has_way_in(root.id, here, now)
    assert not await site.store.has_way_in(root.id, replace(here, owners=ByRules(())), now)
    for kind, value, tied_to in ((PinKind.SPKI, LEAF.spki, alice), (PinKind.SUBJECT, pin_value_of(LEAF), root)):
        pin = Pin(kind + 1, tied_to.id, kind, value, "", now, LEAF.fingerprint, LEAF.not_after)
        assert await site.store.apply(Change((AddPin(pin),)))
        for person_ in (root, alice):
            counts = await site.store.has_way_in(person_.id, here, now)
            assert counts is (person_.id == alice.id and kind is PinKind.SPKI)
        assert not await site.store.has_administrator_by(here, Permission.SYSTEM_ADMIN, now)


@pytest.mark.parametrize("site", [{"client_ca": "", "certificate_rules": ()}], indirect=True)
async def test_certificates_alone_need_an_authority(site: SiteUnderTest, root: Account, ours: Caller) -> None:
    """A pin is no way in at a site that accepts no certificate: refused with the setting that is missing."""
    await pinned(site, root)
    refused = await ours("PUT", "/rest/genkan/1.0/site/sign-in", json={"ways": ["certificate"]})
    assert (refused.status_code, "GENKAN_CLIENT_CA" in refused.text) == (400, True)
    assert Way.PASSWORD in (await site.store.site()).ways


async def test_a_password_that_the_site_does_not_take_is_no_other_way(
    site: SiteUnderTest, root: Account, ours: Caller
) -> None:
    """The last passkey asks, and stays where it is the last administrator's; REST says why."""
    key = SoftwareKey()
    await make(site, key)
    passkey = await only(site, root)
    await takes(site, Way.PASSKEY | Way.CERTIFICATE)
    assert (await use(site, key, site.client)).status_code == 303
    shown = await site.client.get(f"{site.base}/account/passkeys/{passkey_id(passkey)}/remove")
    assert "the last who can administer this site" in shown.text
    assert (await press_remove(site, passkey, last_too="yes")).status_code == 400
    refused = await ours("DELETE", one(root, f"/passkeys/{passkey_id(passkey)}"))
    assert (refused.status_code, refused.json()["error_description"]) == (409, LAST)
    await takes(site, Way.PASSKEY | Way.PASSWORD)
    assert (await ours("DELETE", one(root, f"/passkeys/{passkey_id(passkey)}"))).status_code == 200


async def test_a_person_keeps_the_link_where_their_password_counts_for_nothing(
    site: SiteUnderTest, root: Account
) -> None:
    """Whoever may go without it is judged by what the site takes, as the write is."""
    site.door.sign_on.sources = (Source(name="corp", title="Example Corp"),)
    identity = Identity("corp", "00u1", root.id, "root", 1, 1, 1)
    assert await has_other_way(root, identity, site.door)
    await takes(site, Way.CORPORATE)
    assert not await has_other_way(root, identity, site.door)


async def test_a_passkey_of_a_host_that_is_not_asked_for_is_no_way_in(site: SiteUnderTest, root: Account) -> None:
    """Those of the present and of a former host are; one of a host that no setting names lets nobody in."""
    here, now = entrances_here(site.door).by(Way.PASSKEY), site.env().now
    assert here.hosts == ("site.example", "old.example")
    key = SoftwareKey()
    await make(site, key)
    passkey = await only(site, root)
    for host, counts in (("old.example", True), ("given-up.example", False), ("example", False)):
        assert await site.store.apply(Change((RemovePasskey(root.id, passkey.id),)))
        passkey = replace(passkey, rp_id=host)
        assert await site.store.apply(Change((AddPasskey(passkey, 9),)))
        assert await site.store.has_administrator_by(here, Permission.SYSTEM_ADMIN, now) is counts


async def test_a_pinned_certificate_is_a_way_in_while_it_is_good(site: SiteUnderTest, root: Account) -> None:
    """Not once it has expired, nor once it was ended here; a later one of the same key counts from when it came."""
    here, now = entrances_here(site.door).by(Way.CERTIFICATE), site.env().now
    pin = await pinned(site, root, now + 1)
    for at, counts in ((now + 1, True), (now + 2, False)):
        assert await site.store.has_administrator_by(here, Permission.SYSTEM_ADMIN, at) is counts
    assert await site.store.pins(root.id) == [pin]
    await known(site, root)
    assert await site.store.has_administrator_by(here, Permission.SYSTEM_ADMIN, now + 2)
    assert await site.store.apply(Change((RevokeCertificate(7, EndReason.CERTIFICATE_REVOKED, now),)))
    assert not await site.store.has_administrator_by(here, Permission.SYSTEM_ADMIN, now)


@pytest.mark.parametrize(("judges", "way"), [(True, Way.PASSWORD), (False, Way.CORPORATE)])
async def test_a_directory_counts_for_its_own_way(site: SiteUnderTest, root: Account, judges: bool, way: Way) -> None:
    """One that judges passwords (LDAP) where passwords are taken, a provider where the corporate way is; one that the
    settings name no more, nowhere.
    """
    now, named = site.env().now, ("corp",)
    here = Entrances(ALL_WAYS, (), () if judges else named, named if judges else ())
    assert await site.store.apply(Change((SetPassword(root.id, None),)))
    assert await site.store.apply(Change((AddIdentity(Identity("corp", "00u1", root.id, "root", 1, 1, 1)),)))
    for one_way in (Way.PASSWORD, Way.CORPORATE):
        counts = await site.store.has_administrator_by(here.by(one_way), Permission.SYSTEM_ADMIN, now)
        assert counts is (one_way is way)
        assert await site.store.has_way_in(root.id, here.by(one_way), now) is counts
    gone = here.without_directory("corp")
    assert not await site.store.has_way_in(root.id, gone, now)


async def test_a_person_does_not_unlink_their_own_last_way_in(site: SiteUnderTest, root: Account) -> None:
    """A passkey of a host that was given up is none, so the link stays; with a good one it goes."""
    site.door.sign_on.sources = (Source(name="corp", title="Example Corp"),)
    assert await site.store.apply(Change((AddIdentity(Identity("corp", "00u1", root.id, "root", 1, 1, 1)),)))
    key = SoftwareKey()
    await make(site, key)
    passkey = await only(site, root)
    shown = await site.client.get(f"{site.base}/account/sign-in")
    action, fields = next(form for form in forms_of(shown.text) if form[0].endswith("/identities/corp/unlink"))
    gone = replace(passkey, rp_id="given-up.example")
    steps = SetPassword(root.id, None), RemovePasskey(root.id, passkey.id), AddPasskey(gone, 9)
    assert await site.store.apply(Change(steps))
    refused = await site.client.post(site.absolute(action), data=fields)
    assert (refused.status_code, unescape(entry(Reason.LAST_WAY_IN).public) in unescape(refused.text)) == (409, True)
    assert await site.store.apply(Change((RemovePasskey(root.id, passkey.id), AddPasskey(passkey, 9))))
    assert (await site.client.post(site.absolute(action), data=fields)).status_code == 303
    assert await site.store.identities_of(root.id) == []


@pytest.mark.parametrize("others", [False, True])
async def test_a_directory_that_takes_the_last_administrator_away_is_heard(
    site: SiteUnderTest, root: Account, others: bool
) -> None:
    """Its word is a stop and is not refused; the audit and the health page say loudly that nobody is left."""
    await site.make_account("admin", Permission.ADMIN)
    if others:
        await site.make_account("second", Permission.SYSTEM_ADMIN)
    await asked_after(site, Presence.GONE, root)
    found = await site.store.account(root.id)
    assert found is not None
    assert found.standing is Standing.DISABLED
    events = [event for _, event in await site.store.events() if event.kind is EventKind.ADMINISTRATORS_GONE]
    assert [(event.actor, event.account_id) for event in events] == ([] if others else [("directory", root.id)])
    [check] = [check for check in (await load_installation(site.door)).checks if check.id == "administrator"]
    assert (check.ok, "genkan user recover" in check.sentence) == (others, not others)


@pytest.mark.parametrize("presence", [Presence.PRESENT, Presence.UNREACHABLE])
async def test_nothing_is_said_while_the_last_administrator_stays(
    site: SiteUnderTest, root: Account, presence: Presence
) -> None:
    """A line in the audit means that somebody is needed at the machine."""
    await asked_after(site, presence, root)
    assert EventKind.ADMINISTRATORS_GONE not in [event.kind for _, event in await site.store.events()]


@pytest.mark.parametrize("left", [False, True])
async def test_a_directory_that_takes_the_last_way_in_away_is_heard(
    site: SiteUnderTest, root: Account, monkeypatch: pytest.MonkeyPatch, left: bool
) -> None:
    """Whom another directory has stays as they are; where that one lets nobody in, the audit says nobody is left."""
    await linked(site, root)
    await linked(site, root, source="other")
    monkeypatch.setattr(site.door.sign_on, "upstreams", {"other": None})
    site.door.sign_on.sources = (FakeDirectory().source, Source(name="other", title="Other"))
    assert await site.store.apply(Change((SetPassword(root.id, None),)))
    await takes(site, ALL_WAYS if left else Way.PASSWORD)
    await asked_after(site, Presence.GONE, root)
    assert [one.source for one in await site.store.identities_of(root.id)] == ["other"]
    events = [event for _, event in await site.store.events() if event.kind is EventKind.ADMINISTRATORS_GONE]
    assert [(event.actor, event.account_id) for event in events] == ([] if left else [("directory", root.id)])
