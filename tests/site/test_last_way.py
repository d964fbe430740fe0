"""No operation takes the last way in that the site takes from the last who administers it."""

import pytest

from genkan.protocol.certificate_records import AddPin, KeepCertificate, KnownCertificate, Pin, PinKind
from genkan.protocol.certificates.naming import read_leaf
from genkan.protocol.identity_steps import AddIdentity
from genkan.protocol.outcomes import Change
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Account, Identity, Way
from genkan.protocol.signin.passkey import public_id as passkey_id
from genkan.protocol.signin_steps import PutSignInPolicy
from genkan.site.account.identities import has_other_way
from genkan.site.api.documents import public_id
from genkan.sources.base import Source
from genkan.wire.scopes import Permission
from tests.protocol.certificates.making import authority, mail, person
from tests.site.api_world import Caller, a_key, one
from tests.site.passkey_house import make, only, press_remove, use
from tests.site.person_world import page, path_of
from tests.site.world import SiteUnderTest
from tests.software_key import SoftwareKey

ROOT = authority()
MADE = person(ROOT, mail("root@site.example"))
LEAF = read_leaf(MADE.certificate)
LAST = entry(Reason.LAST_ADMINISTRATOR).public
PRINT = LEAF.fingerprint.hex()


@pytest.fixture
async def root(site: SiteUnderTest) -> Account:
    """The only one who administers, signed in a moment ago."""
    account = await site.make_account("root", Permission.SYSTEM_ADMIN)
    assert (await site.sign_in("root")).status_code == 303
    return account


@pytest.fixture
async def ours(site: SiteUnderTest) -> Caller:
    """An API key that may do everything."""
    return await a_key(site, Permission.SYSTEM_ADMIN)


async def takes(site: SiteUnderTest, ways: Way) -> None:
    """The site takes these ways from now on."""
    assert await site.store.apply(Change((PutSignInPolicy(ways, None, (await site.store.site()).version),)))


async def pinned(site: SiteUnderTest, account: Account) -> Pin:
    pin = Pin(5, account.id, PinKind.SPKI, LEAF.spki, "root's key", site.env().now)
    assert await site.store.apply(Change((AddPin(pin),)))
    return pin


async def known(site: SiteUnderTest, account: Account, not_after: int | None = None) -> None:
    now = site.env().now
    ends = now + 10**9 if not_after is None else not_after
    one = KnownCertificate(7, LEAF.fingerprint, account.id, "CN=root", MADE.der, ROOT.der, ends, now, now, now)
    assert await site.store.apply(Change((KeepCertificate(one),)))


async def second(site: SiteUnderTest) -> None:
    """Somebody else who administers, with a certificate of their own."""
    other = await site.make_account("second", Permission.SYSTEM_ADMIN)
    assert await site.store.apply(Change((AddPin(Pin(6, other.id, PinKind.SPKI, b"2" * 32, "", 1)),)))


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
    assert len(await site.store.identities_of(root.id)) == 1
    await takes(site, Way.CORPORATE | Way.PASSWORD)
    assert (await ours("DELETE", one(root, "/identities/corp"))).status_code == 200


async def test_an_expired_certificate_is_no_way_in(site: SiteUnderTest, root: Account) -> None:
    """It lets nobody in, so nobody can be left with it."""
    now = site.env().now
    await known(site, root, now - 1)
    assert not await site.store.has_administrator_by(Way.CERTIFICATE, Permission.SYSTEM_ADMIN, now)
    assert await site.store.has_administrator_by(Way.CERTIFICATE, Permission.SYSTEM_ADMIN, now - 1)


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
