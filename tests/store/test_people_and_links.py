"""People and links as the store keeps them: what a change is conditional on, names taken once, the mobile switch."""

from dataclasses import replace

from genkan.protocol import accounts, links
from genkan.protocol.env import DAY
from genkan.protocol.outcomes import (
    MOST_SETUP_LINKS,
    AddAccount,
    AddLink,
    NeedNoAdministrator,
    PutAccount,
    PutLink,
    RaiseStop,
    SetPassword,
    StartSetup,
    Subject,
    TurnMobile,
)
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import (
    Account,
    ConsentMode,
    Link,
    LinkKind,
    Standing,
)
from genkan.store.api import Store
from genkan.wire.scopes import Permission
from tests.store.builders import (
    NOW,
    a_change,
    a_link,
    added,
    an_account,
    an_env,
    decided,
)

# --- Accounts ---------------------------------------------------------------------------------------------------------


async def test_an_account_is_read_as_it_was_written(store: Store) -> None:
    """Every field survives, and all three ways to ask find it."""
    person = an_account(
        "Ünïcode \U0001f4f1", groups=("a", 'quotes "and" commas,'), standing=Standing.DISABLED, stop=3, version=7,
        permission=Permission.SYSTEM_ADMIN, locale="ja", time_zone="Asia/Tokyo", email="", display_name="",
    )  # fmt: skip
    assert await store.apply(added(person))
    assert await store.account(person.id) == person
    assert await store.account_by_name(person.folded) == person
    assert (await store.password_row(person.folded, ())).account == person


async def test_a_name_is_taken_once(store: Store, account: Account) -> None:
    """Two people never share a folded name, nor an id."""
    assert not await store.apply(added(an_account("other", folded=account.folded)))
    assert not await store.apply(added(an_account("third", id=account.id)))
    assert await store.accounts() == [account]


async def test_an_account_changes_only_from_the_version_that_was_read(store: Store, account: Account) -> None:
    """The second of two changes to the same version finds that it was changed."""
    changed = replace(account, display_name="New", groups=(), permission=Permission.READ, version=2)
    assert await store.apply(a_change(PutAccount(changed)))
    assert not await store.apply(a_change(PutAccount(replace(account, display_name="Late", version=2))))
    assert await store.account(account.id) == changed


async def test_changing_an_account_never_touches_its_stop(store: Store, account: Account) -> None:
    """A counter that was raised since stays raised."""
    assert await store.apply(a_change(RaiseStop(Subject.ACCOUNT, account.id, EndReason.PASSWORD_CHANGED, NOW)))
    assert await store.apply(a_change(PutAccount(replace(account, stop=0, version=2))))
    found = await store.account(account.id)
    assert found is not None
    assert (found.stop, found.version) == (1, 2)


async def test_a_change_to_a_taken_name_fails(store: Store, account: Account) -> None:
    """Renaming onto somebody else is refused, not an error."""
    other = an_account()
    assert await store.apply(added(other))
    assert not await store.apply(a_change(PutAccount(replace(other, folded=account.folded, version=2))))


async def test_deleting_an_account_frees_its_name(store: Store, account: Account) -> None:
    """The tombstone stays under its id; somebody else may take the name."""
    assert await store.apply(decided(accounts.set_standing(account, Standing.DELETED, "test", an_env())))
    tombstone = await store.account(account.id)
    assert tombstone is not None
    assert (tombstone.standing, tombstone.display_name, tombstone.stop) == (Standing.DELETED, "", 1)
    assert await store.account_by_name(account.folded) is None
    assert await store.apply(added(an_account(account.name)))


async def test_a_password_is_set_and_removed(store: Store, account: Account) -> None:
    """The hash is kept beside the account, replaced and forgotten; its text is in no repr."""
    assert await store.apply(a_change(SetPassword(account.id, "first", NOW)))
    assert await store.apply(a_change(SetPassword(account.id, "second", NOW)))
    found = await store.password_row(account.folded, ())
    assert (found.account, found.hash) == (account, "second")
    assert "second" not in repr(found)
    assert await store.apply(a_change(SetPassword(account.id, None, NOW)))
    assert (await store.password_row(account.folded, ())).hash is None


async def test_nobody_has_no_password(store: Store) -> None:
    """An unknown name has neither account nor hash, and an unknown account takes none."""
    found = await store.password_row("nobody", ())
    assert (found.account, found.hash, found.guesses) == (None, None, {})
    assert not await store.apply(a_change(SetPassword(4711, "hash", NOW)))


# --- The first administrator ------------------------------------------------------------------------------------------


async def test_the_site_knows_whether_it_has_an_administrator(store: Store) -> None:
    """An active account with ADMIN or more: added, lowered, disabled, enabled, deleted."""
    person = an_account(permission=Permission.ADMIN)
    seen = []
    for step in (
        AddAccount(an_account()),
        AddAccount(person),
        PutAccount(replace(person, permission=Permission.WRITE, version=2)),
        PutAccount(replace(person, permission=Permission.SYSTEM_ADMIN, version=3)),
        PutAccount(replace(person, standing=Standing.DISABLED, version=4)),
        PutAccount(replace(person, version=5)),
        PutAccount(replace(person, standing=Standing.DELETED, version=6)),
    ):
        before = await store.site()
        assert await store.apply(a_change(step))
        after = await store.site()
        seen.append(after.has_administrator)
        assert (after.version > before.version) == (after.has_administrator != before.has_administrator)
    assert seen == [False, True, False, True, False, True, False]


async def test_the_setup_link_dies_with_the_first_administrator(store: Store) -> None:
    """NeedNoAdministrator fails as soon as there is one, and with it the rest of the change."""
    first, second = (an_account(permission=Permission.SYSTEM_ADMIN) for _ in range(2))
    assert await store.apply(a_change(StartSetup(b"first.")))
    assert await store.apply(a_change(StartSetup(b"second")))
    assert (await store.site()).setup_digest == b"secondfirst."
    for number in range(MOST_SETUP_LINKS - 1):
        assert await store.apply(a_change(StartSetup(b"later%d" % (number % 10))))
    kept = (await store.site()).setup_digest or b""
    assert (len(kept), kept[-6:]) == (MOST_SETUP_LINKS * 6, b"second")
    assert await store.apply(a_change(NeedNoAdministrator(), AddAccount(first), StartSetup(None)))
    assert (await store.site()).setup_digest is None
    assert not await store.apply(a_change(NeedNoAdministrator(), AddAccount(second), StartSetup(None)))
    assert await store.account(second.id) is None


# --- Links and the mobile switch --------------------------------------------------------------------------------------


async def test_a_link_is_read_as_it_was_written(store: Store) -> None:
    """Every field survives, and all three ways to ask find it."""
    link = a_link(
        "Ünïcode", kind=LinkKind.NATIVE, redirects=("jira-server://oauth-callback", "http://[::1]/x"), secret=None,
        permission=Permission.ADMIN, consent=ConsentMode.REMEMBER, introspect=True, pkce_required=True, plain_pkce=True,
        standing=Standing.DISABLED, stop=2, absolute_lifetime=DAY, version=5, previous_secret=b"p" * 32,
        previous_secret_until=NOW,
    )  # fmt: skip
    assert await store.apply(added(link))
    assert await store.link(link.id) == link
    assert await store.link_by_client_id(link.client_id) == link
    assert await store.links() == [link]


async def test_a_client_id_is_taken_once_and_for_ever(store: Store, link: Link) -> None:
    """A deleted link keeps its row, its id and its client id."""
    assert await store.apply(decided(links.set_standing(link, Standing.DELETED, "test", an_env())))
    assert not await store.apply(added(a_link(client_id=link.client_id)))
    assert not await store.apply(added(a_link(id=link.id)))
    found = await store.link_by_client_id(link.client_id)
    assert found is not None
    assert (found.id, found.standing, found.stop) == (link.id, Standing.DELETED, 1)


async def test_a_link_changes_only_from_the_version_that_was_read(store: Store, link: Link) -> None:
    """The second of two changes to the same version finds that it was changed; the site's version moves once."""
    before = await store.site()
    changed = replace(link, name="New", redirects=("https://b.example/",), secret=b"s" * 32, version=2)
    assert await store.apply(a_change(PutLink(changed)))
    assert not await store.apply(a_change(PutLink(replace(link, name="Late", version=2))))
    assert await store.link(link.id) == changed
    assert (await store.site()).version == before.version + 1


async def test_changing_a_link_never_touches_its_stop(store: Store, link: Link) -> None:
    """A counter that was raised since stays raised."""
    assert await store.apply(a_change(RaiseStop(Subject.LINK, link.id, EndReason.LINK_SIGNED_OUT, NOW)))
    assert await store.apply(a_change(PutLink(replace(link, stop=0, version=2))))
    found = await store.link(link.id)
    assert found is not None
    assert (found.stop, found.version) == (1, 2)


async def test_the_mobile_switch_goes_on_off_and_on(store: Store) -> None:
    """The rules' own changes apply one after the other, and the link stays the same."""
    env = an_env()
    assert await store.apply(decided(links.turn_mobile_on(await store.site(), None, "test", env)))
    site = await store.site()
    assert site.mobile_enabled
    assert site.mobile_link_id is not None
    app = await store.link(site.mobile_link_id)
    assert app is not None
    assert await store.apply(decided(links.turn_mobile_off(site, app, True, "test", env)))
    off = await store.site()
    assert (off.mobile_enabled, off.mobile_link_id) == (False, app.id)
    disabled = await store.link(app.id)
    assert disabled is not None
    assert (disabled.standing, disabled.stop) == (Standing.DISABLED, 1)
    assert await store.apply(decided(links.turn_mobile_on(off, disabled, "test", env)))
    enabled = await store.link(app.id)
    assert enabled is not None
    assert (enabled.standing, (await store.site()).mobile_link_id) == (Standing.ACTIVE, app.id)


async def test_the_switch_needs_the_site_as_it_was_read(store: Store, link: Link) -> None:
    """Two administrators turn it on at once: one of them makes the app's link, the other one decides afresh."""
    site = await store.site()
    first, second = (a_link(kind=LinkKind.NATIVE) for _ in range(2))
    assert await store.apply(a_change(AddLink(first), TurnMobile(True, first.id, site.version)))
    assert not await store.apply(a_change(AddLink(second), TurnMobile(True, second.id, site.version)))
    assert (await store.site()).mobile_link_id == first.id
    assert await store.link(second.id) is None
