"""A browser that shows a certificate by itself is no proof that its person is there: dangerous pages ask for more, of
whoever has more.
"""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode, urlsplit

import pytest

from genkan.protocol.env import MINUTE
from genkan.protocol.outcomes import Change, SetPassword
from genkan.protocol.passkey_steps import AddPasskey, RemovePasskey
from genkan.protocol.records import Account, Passkey, Way
from genkan.protocol.signin import recovery_codes
from genkan.protocol.signin_steps import PutSignInPolicy
from genkan.wire.scopes import Permission
from tests.site.certificate_world import PROXY, CertificateSite, certificate_site, header
from tests.site.world import PASSWORD, forms_of

DANGEROUS = "/account/passkeys/create"
SENTENCE = "The browser shows it without asking you, so it does not confirm who is there."


@pytest.fixture
async def ours(tmp_path: Path) -> AsyncIterator[CertificateSite]:
    """A site with a certificate origin, where alice has a password too."""
    async with certificate_site(tmp_path, former_base_urls=("https://old.example",)) as opened:
        yield opened


async def person(ours: CertificateSite, name: str = "alice") -> Account:
    account = await ours.site.store.account_by_name(name)
    assert account is not None
    return account


async def asks(ours: CertificateSite) -> bool:
    """Whether the dangerous page asks for more than the session."""
    answer = await ours.site.client.get(ours.site.base + DANGEROUS)
    if answer.status_code == 200:
        return False
    assert (answer.status_code, "/confirm?" in answer.headers["location"]) == (302, True)
    return True


async def test_a_certificate_confirms_nothing_where_there_is_a_password(ours: CertificateSite) -> None:
    """However new the sign-in is and however often it is made; the page says why, offers no way round, and the password
    opens what was asked for.
    """
    shown = ours.issue()
    for _ in range(2):
        await ours.sign_in(shown)
        assert await asks(ours)
    page = await ours.site.client.get(f"{ours.site.base}/confirm")
    assert (SENTENCE in page.text, "Confirm in another way" in page.text) == (True, False)
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith("/confirm"))
    done = await ours.site.client.post(ours.site.absolute(action), data={**fields, "password": PASSWORD})
    assert done.status_code == 303
    assert not await asks(ours)


async def test_a_certificate_alone_confirms_for_a_quarter_of_an_hour(ours: CertificateSite) -> None:
    """Whoever has nothing else is not kept out of what is theirs: a new sign-in counts, an old one does not."""
    alice, shown = await person(ours), ours.issue()
    assert await ours.site.store.apply(Change((SetPassword(alice.id, None),)))
    await ours.sign_in(shown)
    assert not await asks(ours)
    ours.site.env.advance(15 * MINUTE)
    assert await asks(ours)
    page = await ours.site.client.get(f"{ours.site.base}/confirm")
    assert (SENTENCE in page.text, "Confirm in another way" in page.text) == (False, True)
    await ours.sign_in(shown)
    assert not await asks(ours)


async def test_a_password_that_the_site_does_not_take_is_not_asked_for(ours: CertificateSite) -> None:
    """At a site of certificates alone nobody is asked for what nobody may use."""
    version = (await ours.site.store.site()).version
    assert await ours.site.store.apply(Change((PutSignInPolicy(Way.CERTIFICATE, None, version),)))
    await ours.sign_in(ours.issue())
    assert not await asks(ours)


async def test_a_passkey_is_asked_for_where_the_page_can_use_it(ours: CertificateSite) -> None:
    """One of the present host; of a former host the page of confirming asks for none."""
    alice = await person(ours)
    passkey = Passkey(b"k" * 16, alice.id, b"public", 0, "Old", b"a" * 16, (), "old.example", False, False, False, 1)
    assert await ours.site.store.apply(Change((SetPassword(alice.id, None), AddPasskey(passkey, 9))))
    await ours.sign_in(ours.issue())
    assert not await asks(ours)
    here = Passkey(b"k" * 16, alice.id, b"public", 0, "New", b"a" * 16, (), "site.example", False, False, False, 1)
    assert await ours.site.store.apply(Change((RemovePasskey(alice.id, passkey.id), AddPasskey(here, 9))))
    assert await asks(ours)


async def test_the_api_asks_a_session_for_as_much(ours: CertificateSite) -> None:
    """What pages ask for is asked for there too; a session by password beside it is let through."""
    await ours.site.make_account("root", Permission.ADMIN)
    await ours.sign_in(ours.issue(name="root"))
    people, bob = f"{ours.site.base}/rest/genkan/1.0/people", {"name": "bob"}
    refused = await ours.site.client.post(people, json=bob)
    assert (refused.status_code, "Sign in again" in refused.text) == (403, True)
    assert (await ours.site.client.get(people)).status_code == 200
    await ours.site.sign_in("root")
    assert (await ours.site.client.post(people, json=bob)).status_code == 201


def link_to(page: str, path: str) -> str:
    """Where the page's link to this path leads, from the path on."""
    [found] = [unescape(one) for one in re.findall(r'href="([^"]+)"', page) if path in one]
    return found


async def test_whoever_lost_what_is_asked_for_goes_on_by_a_code(ours: CertificateSite) -> None:
    """Without codes the page says who can help. With codes it has the way to use one, which confirms and leads back to
    the page that asked.
    """
    site, alice = ours.site, await person(ours)
    await ours.sign_in(ours.issue())
    ask = await site.client.get(site.base + DANGEROUS)
    page = await site.client.get(ask.headers["location"])
    assert ("an administrator can give you a one-time link" in page.text, "/login/recovery" in page.text) == (
        True,
        False,
    )
    made = recovery_codes.make(alice, "test", site.env())
    assert await site.store.apply(made.change)
    page = await site.client.get(ask.headers["location"])
    asked = await site.client.get(site.absolute(link_to(page.text, "/login/recovery")))
    action, fields = next(form for form in forms_of(asked.text) if form[0].endswith("/login/recovery"))
    filled = {**fields, "username": "alice", "code": made.codes[0]}
    done = await site.client.post(site.absolute(action), data=filled, follow_redirects=True)
    assert f'href="{site.base}{DANGEROUS}">Go on</a>' in done.text
    assert not await asks(ours)


async def test_the_other_way_is_another_way_where_every_hop_shows_a_certificate(tmp_path: Path) -> None:
    """The page behind "Confirm in another way" waits for the person: it does not sign in by the very certificate that
    was not enough, and lead back to the question.
    """
    async with certificate_site(tmp_path, None, certificate_url="", certificate_on_every_hop=True) as ours:
        site = ours.site
        corp = SimpleNamespace(source=SimpleNamespace(name="corp", title="Corp", auto=False))
        site.door.sign_on.upstreams["corp"] = corp  # type: ignore[assignment]
        browser = site.browser(headers={**PROXY, **header(ours.issue())})
        await browser.get(f"{site.base}/login")
        ask = await browser.get(site.base + DANGEROUS)
        page = await browser.get(ask.headers["location"])
        there = await browser.get(site.absolute(link_to(page.text, "/login?next")))
        assert there.status_code == 200
        assert urlsplit(link_to(there.text, "/login/openid/corp")).query == urlencode({"next": site.base + DANGEROUS})
