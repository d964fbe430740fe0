"""Passkeys on the pages: signed in with by a software authenticator, as a browser sends it."""

import asyncio
import json
import re
from html import unescape

import pytest

from genkan.protocol import accounts
from genkan.protocol.env import MINUTE
from genkan.protocol.outcomes import Change, EventKind
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import ALL_WAYS, Account, Method, Standing, Way
from genkan.protocol.signin.passkey_checks import user_handle
from genkan.protocol.signin_steps import PutSignInPolicy
from tests.site.passkey_house import (
    OPTIONS,
    REFUSED,
    SIGN_IN,
    ask,
    events,
    make,
    only,
    use,
    words_of,
)
from tests.site.world import SiteUnderTest
from tests.software_key import BE, BS, UP, UV, SoftwareKey, base64url


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


async def test_a_passkey_that_is_not_known_is_told_to_its_browser(site: SiteUnderTest, alice: Account) -> None:
    """So that it leaves the list; one that is known never is, whatever is wrong with the answer."""
    key = SoftwareKey()
    await make(site, key)
    wrong = await use(site, key, signature=lambda _: b"wrong")
    assert "data-unknown" not in wrong.text
    lost = SoftwareKey(id=b"credential-of-before", rp_id="site.example", handle=user_handle(alice.id))
    assert f'data-unknown="{base64url(lost.id)}"' in (await use(site, lost)).text


@pytest.mark.parametrize("handle", [(77).to_bytes(8, "big"), bytes(8), b"", b"alice", bytes(64)])
async def test_a_neighbours_passkey_stays_in_the_list(site: SiteUnderTest, alice: Account, handle: bytes) -> None:
    """WebAuthn 5.1.10.1 would take it from its person: another installation below another path of this host has the
    same RP ID, and whose passkey it is nobody here knows.
    """
    neighbour = SoftwareKey(id=b"credential-of-next-door", rp_id="site.example", handle=handle)
    refused = await use(site, neighbour)
    assert (refused.status_code, REFUSED in unescape(refused.text)) == (401, True)
    assert "data-unknown" not in refused.text


@pytest.mark.parametrize("ways", [Way.PASSKEY, Way.PASSKEY | Way.CORPORATE, ALL_WAYS])
async def test_there_is_one_field_for_browsers_to_offer_passkeys_in(site: SiteUnderTest, ways: Way) -> None:
    """With a password it is that form's user name; without one it is a field of its own, which is sent nowhere."""
    version = (await site.store.site()).version
    assert await site.store.apply(Change((PutSignInPolicy(ways, None, version),)))
    page = (await site.client.get(f"{site.base}/login")).text
    [field] = re.findall(r'<input[^>]*autocomplete="username webauthn"[^>]*>', page)
    assert ('name="username"' in field) is (Way.PASSWORD in ways)
    assert ("data-autofill" in page) is (Way.PASSWORD not in ways)


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
