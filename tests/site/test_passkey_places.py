"""Passkeys elsewhere: first run, one-time links, the console and the API, a copy found, a site that moved."""

from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from genkan.protocol import accounts
from genkan.protocol.accounts import AccountWish, NewAccount
from genkan.protocol.outcomes import Change, EventKind, PutAccount, SetPassword
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Account, Method
from genkan.protocol.signin.passkey import public_id
from genkan.site.api.documents import public_id as account_public_id
from genkan.wire.scopes import Permission
from tests.site.api_world import Caller, a_key
from tests.site.passkey_house import (
    CREATE,
    SIGN_IN,
    ask,
    events,
    make,
    only,
    press_remove,
    use,
)
from tests.site.test_first_run_pages import link_of
from tests.site.test_recovery_pages import a_link_for
from tests.site.world import PASSWORD, SiteUnderTest, forms_of
from tests.software_key import SoftwareKey


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
    assert session.method == Method.USER | Method.MFA | Method.SWK
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
