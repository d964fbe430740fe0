"""Linking people to directories, on the account, in the console and by REST: one person each, never the last way in."""

import pytest

from genkan.protocol.identity_steps import NoteSource
from genkan.protocol.outcomes import Change, EventKind, SetPassword
from genkan.protocol.records import Account
from genkan.site.admin.person_identities import LINKED_ALREADY
from genkan.site.flashes import SENTENCES, Flash
from genkan.sources.base import Source
from genkan.wire.scopes import Permission
from tests.site.api_world import INSTALLATION, Caller, a_key, one, refusal
from tests.site.directories import linked
from tests.site.openid_world import Corporate
from tests.site.person_world import page, path_of, said, send
from tests.site.world import SiteUnderTest, forms_of

ADD, ADD_FORM = "/identities/add", "identities/add"
SIGN_ON = "/rest/genkan/1.0/sign-on"


@pytest.fixture
async def there(site: SiteUnderTest) -> SiteUnderTest:
    """A site with two directories, at which a system administrator is signed in."""
    site.door.sign_on.sources = (Source(name="corp", title="Example Corp"), Source(name="north", title="The North"))
    await site.make_account("root", Permission.SYSTEM_ADMIN)
    assert (await site.sign_in("root")).status_code == 303
    return site


@pytest.fixture
async def alice(there: SiteUnderTest) -> Account:
    return await there.make_account("alice")


@pytest.fixture
async def ours(there: SiteUnderTest) -> Caller:
    """An API key that may do everything."""
    return await a_key(there, Permission.SYSTEM_ADMIN)


async def kinds(site: SiteUnderTest) -> list[EventKind]:
    return [event.kind for _, event in await site.store.events()]


async def test_a_person_is_linked_and_unlinked_in_the_console(there: SiteUnderTest, alice: Account) -> None:
    """Chosen, shown with the name there, and gone again; each with its line in the audit."""
    assert "This person is not linked to a directory." in await page(there, path_of(alice))
    typed = {"source": "corp", "subject": " 00u1 ", "label": "alice@corp"}
    text = await said(there, await send(there, path_of(alice, ADD), ADD_FORM, typed))
    assert SENTENCES[Flash.IDENTITY_LINKED] in text
    assert "alice@corp" in text
    (identity,) = await there.store.identities_of(alice.id)
    assert (identity.source, identity.subject, identity.label) == ("corp", "00u1", "alice@corp")
    gone = await said(there, await send(there, path_of(alice), "identities/corp/remove"))
    assert SENTENCES[Flash.IDENTITY_UNLINKED] in gone
    assert await there.store.identities_of(alice.id) == []
    assert {EventKind.IDENTITY_LINKED, EventKind.IDENTITY_UNLINKED} <= set(await kinds(there))


async def test_what_cannot_be_linked_is_said(there: SiteUnderTest, alice: Account) -> None:
    """Somebody else's id, a second id of one directory, an unknown directory, no id."""
    bob = await there.make_account("bob")
    await linked(there, bob, "00u1")
    await linked(there, alice, "00u2")
    for person, typed, status in (
        (alice, {"source": "north", "subject": ""}, 400),
        (alice, {"source": "corp", "subject": "00u1"}, 409),
        (alice, {"source": "corp", "subject": "00u3"}, 409),
        (alice, {"source": "nowhere", "subject": "x"}, 400),
    ):
        answer = await send(there, path_of(person, ADD), ADD_FORM, typed)
        assert (answer.status_code, LINKED_ALREADY in answer.text) == (status, status == 409), answer.text


async def test_links_by_rest(there: SiteUnderTest, alice: Account, ours: Caller) -> None:
    """Listed, added, conflicting, removed; the export has them, and no token of a provider stands anywhere."""
    links = one(alice, "/identities")
    made = await ours.post(links, source="corp", subject="00u1", label="alice")
    assert (made["source"], made["title"], made["subject"], made["held"]) == ("corp", "Example Corp", "00u1", False)
    assert set(made) == {
        "source", "title", "subject", "label", "linkedAt", "lastSignInAt", "checkedAt", "missedSince", "held",
    }  # fmt: skip
    assert await ours.get(links) == [made]
    assert refusal(await ours("POST", links, json={"source": "corp", "subject": "00u2"}))[0] == 409
    for body in ({"source": "nowhere", "subject": "x"}, {"source": "north", "subject": "\n"}, {"source": "north"}, {}):
        assert refusal(await ours("POST", links, json=body))[0] == 400
    assert (await ours.get(one(alice, "/export")))["identities"] == [made]
    assert (await ours("DELETE", f"{links}/corp")).json() == made
    assert refusal(await ours("DELETE", f"{links}/corp"))[0] == 404


async def test_nobody_links_who_may_more(there: SiteUnderTest, ours: Caller) -> None:
    """Whoever is that there becomes that person: ADMIN neither links nor unlinks a SYSTEM_ADMIN."""
    root = await there.store.account_by_name("root")
    assert root is not None
    less = await a_key(there, Permission.ADMIN)
    links = one(root, "/identities")
    assert refusal(await less("POST", links, json={"source": "corp", "subject": "00u1"}))[0] == 403
    await ours.post(links, source="corp", subject="00u1")
    assert refusal(await less("DELETE", f"{links}/corp"))[0] == 403
    assert len(await there.store.identities_of(root.id)) == 1


async def test_a_person_unlinks_themselves_while_another_way_is_left(there: SiteUnderTest, alice: Account) -> None:
    """With a password they may; without any other way the page refuses and the link stays."""
    browser = there.browser()
    assert (await there.sign_in("alice", browser=browser)).status_code == 303
    await linked(there, alice)
    path = f"{there.base}/account/sign-in"
    shown = await browser.get(path)
    assert "Example Corp" in shown.text
    action, fields = next(form for form in forms_of(shown.text) if form[0].endswith("/identities/corp/unlink"))
    assert await there.store.apply(Change((SetPassword(alice.id, None),)))
    refused = await browser.post(there.absolute(action), data=fields)
    assert refused.status_code == 409
    assert len(await there.store.identities_of(alice.id)) == 1
    await linked(there, alice, source="north")
    done = await browser.post(there.absolute(action), data=fields)
    assert done.headers["location"].endswith(f"done={Flash.IDENTITY_UNLINKED}")
    assert [one.source for one in await there.store.identities_of(alice.id)] == ["north"]
    action = action.replace("corp", "north")
    # A directory that the site does not ask any more lets nobody in.
    there.door.sign_on.sources = ()
    await linked(there, alice, source="corp")
    assert (await browser.post(there.absolute(action), data=fields)).status_code == 409


async def test_whom_nobody_knows_is_listed_for_linking(corp: Corporate) -> None:
    """On the page and by REST, with the id that links them; linked, they come in."""
    site = corp.site
    await site.make_account("root", Permission.SYSTEM_ADMIN)
    alice = await site.make_account("alice")
    refused = await corp.sign_in(site.browser())
    assert refused.status_code == 403
    ours = await a_key(site, Permission.SYSTEM_ADMIN)
    told = await ours.get(SIGN_ON)
    assert [(one["source"], one["subject"], one["name"]) for one in told["strangers"]] == [("corp", "00u1", "alice")]
    assert (await site.sign_in("root")).status_code == 303
    text = await page(site, path_of(alice, ADD))
    assert "00u1" in text
    await said(site, await send(site, path_of(alice, ADD), ADD_FORM, {"source": "corp", "subject": "00u1"}))
    assert corp.landed(await corp.sign_in(site.browser())) == "/"


async def test_the_health_of_a_directory_is_told(there: SiteUnderTest, ours: Caller) -> None:
    """Not asked yet, answering, away and kept, away and held: on the page and by REST."""

    async def told() -> dict[str, object]:
        checks = (await ours.get(INSTALLATION))["checks"]
        return next(check for check in checks if "Example Corp" in str(check))

    assert "has not been asked yet" in str(await told())
    assert await there.store.apply(Change((NoteSource("corp", there.env.now, True),)))
    assert "answered at" in str(await told())
    assert await there.store.apply(Change((NoteSource("corp", there.env.now, False),)))
    assert "kept signed in until" in str(await told())
    assert "Example Corp" in await page(there, "/admin/health")
    there.env.advance(24 * 3_600_000)
    assert "accounts are disabled until it" in str(await told())
    assert (await ours.get(SIGN_ON))["sources"][0]["missedSince"] is not None
