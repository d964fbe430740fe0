"""Passkeys on the pages: made, named, removed and signed in with by a software authenticator, as a browser sends it."""

import asyncio
import json
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from typing import Any

import httpx2
import pytest

from genkan.protocol import accounts
from genkan.protocol.accounts import AccountWish, NewAccount
from genkan.protocol.env import MINUTE
from genkan.protocol.outcomes import Change, EventKind, PutAccount, SetPassword
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Account, Method, Passkey, Standing
from genkan.protocol.signin.passkey import public_id
from genkan.site.api.documents import public_id as account_public_id
from genkan.site.flashes import SENTENCES, Flash
from genkan.wire.scopes import Permission
from tests.site.api_world import Caller, a_key
from tests.site.test_first_run_pages import link_of
from tests.site.test_recovery_pages import a_link_for
from tests.site.world import PASSWORD, SiteUnderTest, forms_of
from tests.software_key import BE, BS, UP, UV, SoftwareKey, base64url

CREATE, OPTIONS, SIGN_IN = "/account/passkeys/create", "/account/passkeys/options", "/account/sign-in"
REFUSED = entry(Reason.PASSKEY_REFUSED).public


@pytest.fixture
async def alice(site: SiteUnderTest) -> Account:
    """Somebody who is signed in."""
    account = await site.make_account()
    assert (await site.sign_in()).status_code == 303
    return account


async def make(
    site: SiteUnderTest, key: SoftwareKey, browser: httpx2.AsyncClient | None = None, **typed: str
) -> httpx2.Response:
    """Make a passkey on the account page."""
    client = browser or site.client
    page = await client.get(site.base + CREATE)
    assert page.status_code == 200, page.text
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith(CREATE))
    options = (await client.get(site.base + OPTIONS)).json()
    sent = {**fields, "ticket": options["ticket"], "credential": key.create(options), **typed}
    return await client.post(site.absolute(action), data=sent)


async def ask(client: httpx2.AsyncClient, site: SiteUnderTest, **query: str) -> dict[str, Any]:
    """A challenge from the sign-in page, and what its form carries."""
    page = await client.get(f"{site.base}/login")
    carried = json.loads(unescape(page.text.partition("data-carried='")[2].partition("'")[0]))
    options = await client.get(f"{site.base}/login/passkey", params=query)
    assert options.status_code == 200, options.text
    return {**options.json(), "carried": carried}


async def use(
    site: SiteUnderTest, key: SoftwareKey, browser: httpx2.AsyncClient | None = None, given: Any = None, **wrong: Any
) -> httpx2.Response:
    """Sign in with a passkey in a browser; ``wrong`` goes to the authenticator."""
    client = browser or site.browser()
    given = given or await ask(client, site)
    sent = {**given["carried"], "ticket": given["ticket"], "credential": key.get(given, **wrong)}
    return await client.post(f"{site.base}/login/passkey", data=sent)


async def only(site: SiteUnderTest, account: Account) -> Passkey:
    [passkey] = await site.store.passkeys(account.id)
    return passkey


async def events(site: SiteUnderTest, kind: EventKind) -> int:
    return [event.kind for _, event in await site.store.events(limit=1000)].count(kind)


async def test_a_passkey_is_made_and_signs_in(site: SiteUnderTest, alice: Account) -> None:
    """It is listed with its name, signs in as what it is, and the list says when it was used."""
    key = SoftwareKey(flags=UP | UV | BE | BS, aaguid=bytes(range(16)))
    done = await make(site, key, passkey_name="  My\tphone ")
    assert (done.status_code, done.headers["location"]) == (303, f"{site.base}{SIGN_IN}?done=passkey-added")
    passkey = await only(site, alice)
    assert (passkey.name, passkey.rp_id, passkey.last_used_at) == ("My phone", "site.example", 0)
    page = (await site.client.get(done.headers["location"])).text
    assert all(word in page for word in ("My phone", "never used", "Synced", "00010203-0405-0607-0809-0a0b0c0d0e0f"))
    assert f'data-accepted="{base64url(key.id)}"' in page
    browser = site.browser()
    assert (await use(site, key, browser)).status_code == 303
    assert (await browser.get(site.base + "/account/profile")).status_code == 200
    methods = [session.method for session in await site.store.sessions(alice.id)]
    assert sorted(methods) == [Method.PWD, Method.USER | Method.MFA | Method.SWK]
    assert (await only(site, alice)).last_used_at == site.env.now
    assert await events(site, EventKind.PASSKEY_ADDED) == 1


async def test_signing_in_changes_the_session_and_leads_on(site: SiteUnderTest, alice: Account) -> None:
    """Under a new id, to the page asked for; the session before it is dead, and nobody is led to another host."""
    key = SoftwareKey()
    await make(site, key)
    before = [session.id for session in await site.store.sessions(alice.id)]
    given = await ask(site.client, site)
    given["carried"]["next"] = f"{site.base}/account/apps"
    assert (await use(site, key, site.client, given)).headers["location"] == f"{site.base}/account/apps"
    [after] = await site.store.sessions(alice.id)
    assert after.id not in before
    browser = site.browser()
    elsewhere = await ask(browser, site)
    elsewhere["carried"]["next"] = "https://evil.example/"
    assert (await use(site, key, browser, elsewhere)).headers["location"] == f"{site.base}/"


async def test_an_application_is_told_how_somebody_signed_in(site: SiteUnderTest, alice: Account) -> None:
    """The whole flow with a passkey: the grant carries what RFC 8176 calls it."""
    key = SoftwareKey()
    await make(site, key)
    link = (await site.make_link()).link
    browser = site.browser()
    page = await site.authorize(link, browser)
    carried = json.loads(unescape(page.text.partition("data-carried='")[2].partition("'")[0]))
    assert carried["interaction"]
    options = (await browser.get(f"{site.base}/login/passkey")).json()
    answer = await use(site, key, browser, {**options, "carried": carried})
    while answer.status_code in (302, 303) and answer.headers["location"].startswith(site.base):
        answer = await browser.get(answer.headers["location"])
    assert 'name="decision"' in answer.text
    done = await site.decide(answer, browser=browser)
    assert done.headers["location"].startswith("jira-server://oauth-callback?code=")


async def test_what_cannot_sign_in_gets_one_answer(site: SiteUnderTest) -> None:
    """Unknown, removed, disabled, deleted, a wrong signature, another's handle: same status, same words, no session."""
    keys = {name: SoftwareKey(id=f"credential-of-{name}".encode()) for name in ("good", "off", "gone", "removed")}
    people: dict[str, Account] = {}
    for name, key in keys.items():
        people[name] = await site.make_account(name)
        browser = site.browser()
        await site.sign_in(name, browser=browser)
        assert (await make(site, key, browser)).status_code == 303
    for name, standing in (("off", Standing.DISABLED), ("gone", Standing.DELETED)):
        change = accounts.set_standing(people[name], standing, "test", site.env())
        assert isinstance(change, Change)
        assert await site.store.apply(change)
    assert await site.store.passkeys(people["gone"].id) == []
    from genkan.protocol.passkey_steps import RemovePasskey

    assert await site.store.apply(Change((RemovePasskey(people["removed"].id, keys["removed"].id),)))
    told = [
        await use(site, SoftwareKey(rp_id="site.example", handle=bytes(8))),
        await use(site, keys["off"]),
        await use(site, keys["gone"]),
        await use(site, keys["removed"]),
        await use(site, keys["good"], signature=lambda _: b"wrong"),
        await use(site, keys["good"], handle=bytes(8)),
        await use(site, keys["good"], data={"flags": UP}),
        await use(site, keys["good"], client={"origin": "https://evil.example"}),
    ]
    assert {answer.status_code for answer in told} == {401}
    assert all(REFUSED in unescape(answer.text) for answer in told)
    assert not [answer for answer in told if "genkan-session" in answer.headers.get("set-cookie", "")]
    assert len({words_of(answer.text) for answer in told}) == 1
    assert len({tuple(sorted(answer.headers.keys())) for answer in told}) == 1
    assert (await use(site, keys["good"])).status_code == 303


class _Words(HTMLParser):
    """What a person reads of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        """Keep it."""
        self.words += data.split()


def words_of(page: str) -> str:
    reader = _Words()
    reader.feed(page)
    return " ".join(reader.words)


async def test_a_passkey_that_is_not_known_is_told_to_its_browser(site: SiteUnderTest, alice: Account) -> None:
    """So that it leaves the list; one that is known never is, whatever is wrong with the answer."""
    key = SoftwareKey()
    await make(site, key)
    wrong = await use(site, key, signature=lambda _: b"wrong")
    assert "data-unknown" not in wrong.text
    unknown = await use(site, SoftwareKey(id=b"credential-of-nobody", rp_id="site.example", handle=bytes(8)))
    assert f'data-unknown="{base64url(b"credential-of-nobody")}"' in unknown.text


@pytest.mark.parametrize("standing", [Standing.DISABLED, Standing.DELETED])
async def test_a_session_by_passkey_ends_with_the_account(
    site: SiteUnderTest, alice: Account, standing: Standing
) -> None:
    """Like any other session, on the next request."""
    key = SoftwareKey()
    await make(site, key)
    browser = site.browser()
    await use(site, key, browser)
    change = accounts.set_standing(alice, standing, "test", site.env())
    assert isinstance(change, Change)
    assert await site.store.apply(change)
    assert (await browser.get(f"{site.base}/account/profile")).status_code == 302


async def test_passwords_and_passkeys_have_nothing_to_do_with_each_other(site: SiteUnderTest, alice: Account) -> None:
    """A flood of wrong passwords locks no passkey, and wrong passkeys use up no try of a password."""
    key = SoftwareKey()
    await make(site, key)
    stranger = site.browser()
    for _ in range(12):
        assert (await site.sign_in(password="wrong", browser=stranger)).status_code == 401
    assert (await site.sign_in(browser=stranger)).status_code == 401, "the budget is used up"
    assert (await use(site, key, stranger)).status_code == 303
    site.env.advance(60 * MINUTE)
    other = site.browser()
    for _ in range(12):
        assert (await use(site, key, other, signature=lambda _: b"wrong")).status_code == 401
    assert (await site.sign_in(browser=other)).status_code == 303


async def test_an_answer_counts_once_and_in_its_own_browser(site: SiteUnderTest, alice: Account) -> None:
    """Used twice, late, elsewhere or for something else it opens nothing (row 16)."""
    key = SoftwareKey()
    await make(site, key)
    late = entry(Reason.PASSKEY_LATE)
    browser = site.browser()
    given = await ask(browser, site)
    credential = key.get(given)
    sent = {**given["carried"], "ticket": given["ticket"], "credential": credential}
    both = await asyncio.gather(*(browser.post(f"{site.base}/login/passkey", data=sent) for _ in range(2)))
    assert sorted(answer.status_code for answer in both) == [303, late.status]
    elsewhere = site.browser()
    fresh = await ask(elsewhere, site)
    other = await ask(site.browser(), site)
    stolen = {**fresh["carried"], "ticket": other["ticket"], "credential": key.get(other)}
    assert (await elsewhere.post(f"{site.base}/login/passkey", data=stolen)).status_code == late.status
    making = (await site.client.get(site.base + OPTIONS)).json()
    mixed = {**fresh["carried"], "ticket": making["ticket"], "credential": key.get(fresh)}
    assert (await elsewhere.post(f"{site.base}/login/passkey", data=mixed)).status_code == late.status
    site.env.advance(5 * MINUTE)
    assert (await use(site, key, elsewhere, fresh)).status_code == late.status


async def test_a_form_from_elsewhere_or_of_an_old_page_signs_nobody_in(site: SiteUnderTest, alice: Account) -> None:
    """Its page's token is asked for, and its origin."""
    key = SoftwareKey()
    await make(site, key)
    browser = site.browser()
    given = await ask(browser, site)
    sent = {**given["carried"], "ticket": given["ticket"], "credential": key.get(given)}
    foreign = await browser.post(f"{site.base}/login/passkey", data=sent, headers={"origin": "https://evil.example"})
    assert foreign.status_code == 403
    stale = await browser.post(f"{site.base}/login/passkey", data={**sent, "page_token": "x"})
    assert stale.status_code == 403
    assert len(await site.store.sessions(alice.id)) == 1


async def test_a_copy_is_refused_told_and_stays_refused(site: SiteUnderTest, alice: Account) -> None:
    """The person reads it on the sign-in page and in their account, the administrator in the audit and the console."""
    key = SoftwareKey(counter=5)
    await make(site, key)
    copy = replace(key)
    assert (await use(site, key)).status_code == 303
    refused = await use(site, copy)
    assert (refused.status_code, entry(Reason.PASSKEY_CLONED).public in unescape(refused.text)) == (401, True)
    assert await events(site, EventKind.PASSKEY_CLONED) == 1
    assert (await use(site, key)).status_code == 401, "nobody knows which of the two is the person"
    assert await events(site, EventKind.PASSKEY_CLONED) == 1
    assert "it counted backwards" in (await site.client.get(site.base + SIGN_IN)).text
    root = site.browser()
    await site.make_account("root", Permission.SYSTEM_ADMIN)
    await site.sign_in("root", browser=root)
    page = await root.get(f"{site.base}/admin/people/{account_public_id(alice.id)}")
    assert "it counted backwards" in page.text


async def test_adding_and_removing_need_a_recent_sign_in(site: SiteUnderTest, alice: Account) -> None:
    """A browser that was left open is asked first; a passkey answers that question as well."""
    key = SoftwareKey()
    await make(site, key)
    passkey = await only(site, alice)
    site.env.advance(16 * MINUTE)
    for path in (CREATE, OPTIONS, f"/account/passkeys/{public_id(passkey)}/remove"):
        asked = await site.client.get(site.base + path)
        assert (asked.status_code, asked.headers["location"].startswith(f"{site.base}/confirm")) == (302, True)
    page = await site.client.get(f"{site.base}/confirm", params={"next": site.base + CREATE})
    carried = json.loads(unescape(page.text.partition("data-carried='")[2].partition("'")[0]))
    options = (await site.client.get(f"{site.base}/login/passkey", params={"for": "confirm"})).json()
    [allowed] = options["publicKey"]["allowCredentials"]
    assert allowed["id"] == base64url(key.id)
    sent = {**carried, "ticket": options["ticket"], "credential": key.get(options)}
    done = await site.client.post(f"{site.base}/confirm/passkey", data=sent)
    assert (done.status_code, done.headers["location"]) == (303, site.base + CREATE)
    assert (await site.client.get(site.base + CREATE)).status_code == 200


async def test_only_one_s_own_passkey_confirms(site: SiteUnderTest, alice: Account) -> None:
    """Somebody else's, however good, does not; neither does nobody's session."""
    mine, theirs = SoftwareKey(), SoftwareKey(id=b"credential-of-bob", handle=b"")
    await make(site, mine)
    await site.make_account("bob")
    bob = site.browser()
    await site.sign_in("bob", browser=bob)
    await make(site, theirs, bob)
    page = await site.client.get(f"{site.base}/confirm")
    carried = json.loads(unescape(page.text.partition("data-carried='")[2].partition("'")[0]))
    options = (await site.client.get(f"{site.base}/login/passkey", params={"for": "confirm"})).json()
    sent = {**carried, "ticket": options["ticket"], "credential": theirs.get(options)}
    assert (await site.client.post(f"{site.base}/confirm/passkey", data=sent)).status_code == 401
    nobody = await site.browser().get(f"{site.base}/login/passkey", params={"for": "confirm"})
    assert nobody.status_code == 401
    assert (await site.browser().post(f"{site.base}/confirm/passkey", data=sent)).status_code == 303


async def test_the_last_way_in_goes_only_where_that_was_ticked(site: SiteUnderTest, alice: Account) -> None:
    """With a password left nothing is asked; without one the page warns and the first press does nothing."""
    key, second = SoftwareKey(), SoftwareKey(id=b"credential-two-two")
    await make(site, key)
    await make(site, second)
    assert await site.store.apply(Change((SetPassword(alice.id, None),)))
    first, last = await site.store.passkeys(alice.id)
    await press_remove(site, first)
    page = await site.client.get(f"{site.base}/account/passkeys/{public_id(last)}/remove")
    assert "your last way in" in page.text
    assert (await press_remove(site, last)).status_code == 400
    assert await site.store.passkeys(alice.id) == [last]
    gone = await press_remove(site, last, last_too="yes")
    assert gone.headers["location"].endswith("done=passkey-removed")
    assert await site.store.passkeys(alice.id) == []
    assert (await use(site, second)).status_code == 401
    assert await events(site, EventKind.PASSKEY_REMOVED) == 2
    again = await site.client.get(f"{site.base}/account/passkeys/{public_id(last)}/remove", follow_redirects=True)
    assert SENTENCES[Flash.GONE] in again.text


async def press_remove(site: SiteUnderTest, passkey: Passkey, **ticked: str) -> httpx2.Response:
    page = await site.client.get(f"{site.base}/account/passkeys/{public_id(passkey)}/remove")
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith("/remove"))
    fields.pop("last_too", None)
    return await site.client.post(site.absolute(action), data={**fields, **ticked})


async def test_the_last_administrator_keeps_a_way_in(site: SiteUnderTest) -> None:
    """By no page and no operation can nobody be left who administers."""
    root = await site.make_account("root", Permission.SYSTEM_ADMIN)
    await site.sign_in("root")
    key = SoftwareKey()
    await make(site, key)
    assert await site.store.apply(Change((SetPassword(root.id, None),)))
    passkey = await only(site, root)
    page = await site.client.get(f"{site.base}/account/passkeys/{public_id(passkey)}/remove")
    assert "the last who can administer this site" in page.text
    assert (await press_remove(site, passkey, last_too="yes")).status_code == 400
    person = account_public_id(root.id)
    headers = {"origin": site.base}
    told = await site.client.delete(
        f"{site.base}/rest/genkan/1.0/people/{person}/passkeys/{public_id(passkey)}", headers=headers
    )
    assert (told.status_code, await site.store.passkeys(root.id)) == (409, [passkey])
    await site.make_account("second", Permission.SYSTEM_ADMIN)
    assert (await press_remove(site, passkey, last_too="yes")).status_code == 303


async def test_a_passkey_is_renamed_by_its_person(site: SiteUnderTest, alice: Account) -> None:
    """An empty name changes nothing, and nobody else's passkey can be named."""
    await make(site, SoftwareKey(), passkey_name="One")
    passkey = await only(site, alice)
    for typed, kept in (("Two", "Two"), ("  ", "Two")):
        page = await site.client.get(site.base + SIGN_IN)
        action, fields = next(form for form in forms_of(page.text) if form[0].endswith("/rename"))
        await site.client.post(site.absolute(action), data={**fields, "passkey_name": typed})
        assert (await only(site, alice)).name == kept
    await site.make_account("bob")
    bob = site.browser()
    await site.sign_in("bob", browser=bob)
    token = forms_of((await bob.get(site.base + SIGN_IN)).text)[0][1]
    for act in ("rename", "remove"):
        path = f"{site.base}/account/passkeys/{public_id(passkey)}/{act}"
        sent = await bob.post(path, data={**token, "passkey_name": "Bob's"})
        assert sent.headers["location"].endswith("done=gone")
    assert (await only(site, alice)).name == "Two"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"credential": "{}"}, Reason.PASSKEY_UNFIT),
        ({"ticket": "x"}, Reason.PASSKEY_LATE),
        ({"credential": ""}, Reason.PASSKEY_UNFIT),
    ],
)
async def test_what_is_no_passkey_is_not_kept(
    site: SiteUnderTest, alice: Account, wrong: dict[str, str], reason: Reason
) -> None:
    """The page again, with what is wrong and the name that was typed."""
    answer = await make(site, SoftwareKey(), None, **{"passkey_name": "My phone", **wrong})
    row = entry(reason)
    assert (answer.status_code, row.public in unescape(answer.text)) == (row.status, True)
    assert "My phone" in answer.text
    assert await site.store.passkeys(alice.id) == []


async def test_a_passkey_is_one_person_s_and_there_are_not_too_many(site: SiteUnderTest, alice: Account) -> None:
    """A second account cannot have it, and after twenty the page says so."""
    key = SoftwareKey()
    await make(site, key)
    await site.make_account("bob")
    bob = site.browser()
    await site.sign_in("bob", browser=bob)
    known = await make(site, replace(key), bob)
    assert (known.status_code, entry(Reason.PASSKEY_KNOWN).public in known.text) == (409, True)
    for number in range(19):
        assert (await make(site, SoftwareKey(id=b"credential-number-%02d" % number))).status_code == 303
    full = await make(site, SoftwareKey(id=b"one-more-credential"))
    assert (full.status_code, entry(Reason.PASSKEY_LIMIT).public in full.text) == (409, True)
    assert CREATE not in (await site.client.get(site.base + SIGN_IN)).text


async def test_the_options_ask_for_what_our_pages_need(site: SiteUnderTest, alice: Account) -> None:
    """Discoverable and verified, no attestation, what is there already excluded; a challenge differs every time."""
    key = SoftwareKey()
    await make(site, key)
    making = (await site.client.get(site.base + OPTIONS)).json()["publicKey"]
    assert making["authenticatorSelection"] == {
        "residentKey": "required", "requireResidentKey": True, "userVerification": "required",
    }  # fmt: skip
    assert (making["attestation"], making["rp"]) == ("none", {"id": "site.example", "name": "Genkan"})
    [excluded] = making["excludeCredentials"]
    assert excluded == {"type": "public-key", "id": base64url(key.id), "transports": ["hybrid", "internal"]}
    assert [one["alg"] for one in making["pubKeyCredParams"]] == [-8, -7, -257]
    answers = [await site.client.get(f"{site.base}/login/passkey") for _ in range(2)]
    one, two = (answer.json()["publicKey"] for answer in answers)
    assert (one["userVerification"], one["allowCredentials"], one["rpId"]) == ("required", [], "site.example")
    assert one["challenge"] != two["challenge"]
    assert "no-store" in answers[0].headers["cache-control"]
    assert (await site.client.get(f"{site.base}/login/passkey", params={"host": "evil.example"})).status_code == 404


@pytest.mark.parametrize("path", [CREATE, OPTIONS, "/account/passkeys/00/remove"])
async def test_nobody_comes_to_these_pages_without_signing_in(site: SiteUnderTest, path: str) -> None:
    """The way leads to sign-in."""
    answer = await site.client.get(site.base + path)
    assert (answer.status_code, answer.headers["location"].startswith(f"{site.base}/login")) == (302, True)


async def test_the_first_administrator_is_made_with_a_passkey(site: SiteUnderTest) -> None:
    """One write: account, passkey and the end of the link; and signed in by what was made."""
    address = await link_of(site)
    key = SoftwareKey()
    action, fields = forms_of((await site.client.get(address)).text)[-1]
    options = (await site.client.get(f"{address}/passkey")).json()
    sent = {**fields, "username": "alice", "ticket": options["ticket"], "credential": key.create(options)}
    for unread in ("password", "password_again"):
        sent.pop(unread)
    faulty = await site.client.post(site.absolute(action), data={**sent, "credential": "{}"})
    assert (faulty.status_code, entry(Reason.PASSKEY_UNFIT).public in unescape(faulty.text)) == (400, True)
    done = await site.client.post(site.absolute(action), data=sent)
    assert (done.status_code, done.headers["location"]) == (303, f"{site.base}/setup/done")
    account = await site.store.account_by_name("alice")
    assert account is not None
    assert account.permission is Permission.SYSTEM_ADMIN
    assert (await only(site, account)).id == key.id
    assert await site.store.password_set_at(account.id) is None
    [session] = await site.store.sessions(account.id)
    assert session.method == Method.USER | Method.MFA | Method.HWK
    assert (await site.client.get(f"{address}/passkey")).status_code == 404
    assert (await use(site, key)).status_code == 303


async def test_a_one_time_link_makes_a_passkey(site: SiteUnderTest) -> None:
    """In place of the password, which is gone; everything else is signed out, and the link is spent."""
    alice = await site.make_account()
    other = site.browser()
    await site.sign_in(browser=other)
    url = await a_link_for(site, alice)
    key = SoftwareKey()
    action, fields = next(form for form in forms_of((await site.client.get(url)).text) if "/recover/" in form[0])
    options = (await site.client.get(f"{url}/passkey")).json()
    sent = {**fields, "ticket": options["ticket"], "credential": key.create(options)}
    done = await site.client.post(site.absolute(action), data=sent)
    assert (done.status_code, done.headers["location"]) == (303, f"{site.base}/account")
    assert await site.store.password_set_at(alice.id) is None
    assert (await other.get(f"{site.base}/account/profile")).status_code == 302
    assert (await use(site, key)).status_code == 303
    assert (await site.client.get(f"{url}/passkey")).status_code == 404
    assert await events(site, EventKind.PASSWORD_CHANGED) == 1


async def test_one_person_s_link_makes_no_passkey_for_another(site: SiteUnderTest) -> None:
    """A challenge that was issued behind one link does not count behind another."""
    alice, bob = await site.make_account(), await site.make_account("bob")
    hers, his = await a_link_for(site, alice), await a_link_for(site, bob)
    options = (await site.client.get(f"{his}/passkey")).json()
    action, fields = next(form for form in forms_of((await site.client.get(hers)).text) if "/recover/" in form[0])
    sent = {**fields, "ticket": options["ticket"], "credential": SoftwareKey().create(options)}
    assert (await site.client.post(site.absolute(action), data=sent)).status_code == 400
    assert await site.store.passkeys(alice.id) == await site.store.passkeys(bob.id) == []


async def test_a_moved_site_tells_its_origins_and_takes_the_passkeys_of_before(tmp_path: Any) -> None:
    """At the root of either host; the challenge for the former host takes its passkeys, from our pages alone."""
    from tests.site.world import TestClock, close_site, open_site

    env = TestClock()
    old = await open_site(tmp_path, env, base_url="https://desk.example/jira")
    alice = await old.make_account()
    await old.sign_in()
    key = SoftwareKey(origin="https://desk.example")
    assert (await make(old, key)).status_code == 303
    await close_site(old)
    site = await open_site(
        tmp_path, env, old.ring[-1], base_url="https://site.example", former_base_urls=("https://desk.example/jira",)
    )
    try:
        for host in ("https://site.example", "https://desk.example"):
            told = await site.client.get(f"{host}/.well-known/webauthn")
            assert told.json() == {"origins": ["https://site.example", "https://desk.example"]}
            assert told.headers["content-type"] == "application/json"
        assert "Use a passkey of <bdi>desk.example</bdi>" in (await site.client.get(f"{site.base}/login")).text
        browser = site.browser()
        given = await ask(browser, site, host="desk.example")
        key.origin = "https://site.example"
        assert (await use(site, key, browser, given)).status_code == 303
        there = site.browser()
        key.origin = "https://desk.example"
        assert (await use(site, key, there, await ask(there, site, host="desk.example"))).status_code == 401
        [passkey] = await site.store.passkeys(alice.id)
        assert passkey.rp_id == "desk.example"
    finally:
        await close_site(site)


@pytest.mark.parametrize("base", ["http://127.0.0.1:8080", "https://192.0.2.7"])
async def test_where_browsers_keep_no_passkeys_the_pages_say_so(tmp_path: Any, base: str) -> None:
    """An address without a host name: no button that fails, and a sentence about what to do."""
    from tests.site.world import TestClock, close_site, open_site

    site = await open_site(tmp_path, TestClock(), base_url=base)
    try:
        await site.make_account()
        assert "data-passkey" not in (await site.client.get(f"{base}/login")).text
        assert (await site.client.get(f"{base}/login/passkey")).status_code == 404
        await site.sign_in()
        for path in (SIGN_IN, CREATE):
            assert "Browsers keep passkeys for host names" in (await site.client.get(base + path)).text
    finally:
        await close_site(site)


async def test_administrators_see_and_take_away(site: SiteUnderTest, alice: Account) -> None:
    """By page and by REST, within their reach; what is exported says what is kept."""
    key = SoftwareKey()
    await make(site, key, passkey_name="Phone")
    passkey = await only(site, alice)
    person = f"/rest/genkan/1.0/people/{account_public_id(alice.id)}"
    caller: Caller = await a_key(site, Permission.ADMIN)
    [told] = await caller.get(f"{person}/passkeys")
    assert (told["id"], told["name"], told["host"]) == (public_id(passkey), "Phone", "site.example")
    assert (told["synced"], told["maySync"], told["aaguid"], told["lastUsedAt"]) == (False, False, None, None)
    exported = await caller.get(f"{person}/export")
    assert exported["passkeys"] == [told]
    gone = await caller("DELETE", f"{person}/passkeys/{told['id']}")
    assert (gone.status_code, await site.store.passkeys(alice.id)) == (200, [])
    assert (await caller("DELETE", f"{person}/passkeys/{told['id']}")).status_code == 404
    await make(site, key)
    raised = replace(alice, permission=Permission.SYSTEM_ADMIN, version=2)
    assert await site.store.apply(Change((PutAccount(raised),)))
    assert (await caller("DELETE", f"{person}/passkeys/{told['id']}")).status_code == 403


async def test_the_console_takes_a_passkey_after_a_question(site: SiteUnderTest, alice: Account) -> None:
    """Which says what the person is left with."""
    key = SoftwareKey()
    await make(site, key)
    passkey = await only(site, alice)
    assert await site.store.apply(Change((SetPassword(alice.id, None),)))
    root = site.browser()
    await site.make_account("root", Permission.SYSTEM_ADMIN)
    await site.sign_in("root", browser=root)
    path = f"/admin/people/{account_public_id(alice.id)}/passkeys/{public_id(passkey)}/remove"
    assert path in (await root.get(f"{site.base}/admin/people/{account_public_id(alice.id)}")).text
    page = await root.get(site.base + path)
    assert "make a one-time link afterwards" in page.text
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith("/remove"))
    done = await root.post(site.absolute(action), data=fields)
    assert (done.status_code, await site.store.passkeys(alice.id)) == (303, [])
    assert PASSWORD not in done.text
    assert isinstance(accounts.create(AccountWish("x"), "t", site.env(), 5), NewAccount)
