"""Signing in with an organisation's password, against a real OpenLDAP: one form, one answer, one person."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
import pytest
import tomli_w

from genkan.outside.ldap import LdapDirectory
from genkan.outside.passwords import PasswordLane
from genkan.protocol import accounts
from genkan.protocol.directory import unlinked
from genkan.protocol.env import MINUTE
from genkan.protocol.outcomes import Change
from genkan.protocol.records import Account, Method, Standing
from genkan.wire.scopes import Permission
from tests.outside.slapd import GROUPS, PEOPLE, Slapd
from tests.site.world import PASSWORD, SiteUnderTest, TestClock, close_site, forms_of, open_site

pytestmark = pytest.mark.needs("slapd", "ldapadd")
TheirSite = Callable[..., Awaitable[SiteUnderTest]]


@pytest.fixture
async def their_site(slapd: Slapd, tmp_path: Path) -> AsyncIterator[TheirSite]:
    """A site whose people are those of the directory; keywords are keys of its table."""
    async with AsyncExitStack() as stack:

        async def opened(**more: object) -> SiteUnderTest:
            file = tmp_path / "sign-on.toml"
            file.write_text(tomli_w.dumps({"ldap": [slapd.source(**{"create": True, **more})]}))
            site = await open_site(tmp_path / "site", TestClock(), sign_on_file=str(file))
            stack.push_async_callback(close_site, site)
            return site

        yield opened


def is_in(answer: httpx2.Response) -> bool:
    return answer.status_code == 303 and "session" in "".join(answer.headers.get_list("set-cookie"))


async def account(site: SiteUnderTest, name: str) -> Account | None:
    return await site.store.account_by_name(name)


async def identity_of(site: SiteUnderTest, slapd: Slapd, dn: str) -> Account | None:
    facts = await site.store.identity("corp", slapd.attribute(dn, "entryUUID"))
    return facts.account if facts else None


async def test_a_person_of_the_directory_signs_in_by_the_form(slapd: Slapd, their_site: TheirSite) -> None:
    """First come, first made: an account with what the directory says, a session by password, and no password kept."""
    dn = slapd.person("s-alice", "her own password")
    site = await their_site()
    assert is_in(await site.sign_in("s-alice", "her own password"))
    made = await account(site, "s-alice")
    assert made is not None
    assert (made.display_name, made.email) == ("S-Alice Example", "s-alice@example.com")
    assert made.permission is Permission.WRITE
    assert await identity_of(site, slapd, dn) == made
    (session,) = await site.store.sessions(made.id)
    assert (session.method, session.source) == (Method.PWD, "corp")
    assert (await site.store.password_row("s-alice", ())).hash is None
    database = b"".join(path.read_bytes() for path in site.folder.rglob("genkan.sqlite3*"))
    assert b"her own password" not in database


async def test_every_failure_has_one_answer(
    slapd: Slapd, their_site: TheirSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong, unknown, disabled there, disabled here, empty: the same page, the same status, one hash each."""
    slapd.person("s-right", "the password")
    slapd.person("s-out", "the password", more=[("shadowExpire", "1")])
    slapd.person("s-here", "the password")
    site = await their_site()
    await site.make_account("s-local")
    assert is_in(await site.sign_in("s-here", "the password"))
    await disable(site, "s-here")
    hashes = counted_hashes(monkeypatch)
    answers = set()
    for name, password in (
        ("s-right", "wrong"), ("s-nobody", "wrong"), ("s-out", "the password"), ("s-here", "the password"),
        ("s-local", "wrong"), ("s-right", ""), ("\u202e", "wrong"), ("*", "the password"),
    ):  # fmt: skip
        browser = site.browser()
        answer = await site.sign_in(name, password, browser)
        await browser.aclose()
        answers.add((answer.status_code, stripped(answer.text, name)))
        assert hashes.pop() == 1, name
        assert not hashes
    assert len(answers) == 1


def stripped(page: str, name: str) -> str:
    """A page without what is this browser's own: the page's token, wherever it stands, and the name that was typed."""
    fields = next(fields for action, fields in forms_of(page) if action.endswith("/login"))
    page = page.replace(fields["page_token"], "")
    return re.sub(r'(id="username"[^>]*?) value="[^"]*"', r"\1", page).replace(" autofocus", "")


def counted_hashes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    counted: list[int] = []
    real = PasswordLane.verify

    async def verify(self: PasswordLane, kept: str, password: str) -> bool:
        counted.append(1)
        return await real(self, kept, password)

    monkeypatch.setattr(PasswordLane, "verify", verify)
    return counted


async def disable(site: SiteUnderTest, name: str) -> None:
    found = await account(site, name)
    assert found is not None
    change = accounts.set_standing(found, Standing.DISABLED, "test", site.env())
    assert isinstance(change, Change)
    assert await site.store.apply(change)


async def test_a_password_of_our_own_is_judged_here_alone(slapd: Slapd, their_site: TheirSite) -> None:
    """Whoever has a password here signs in with it, also while somebody of that name is in the directory."""
    slapd.person("s-both", "the directory's")
    site = await their_site(match="name")
    await site.make_account("s-both")
    assert not is_in(await site.sign_in("s-both", "the directory's"))
    assert is_in(await site.sign_in("s-both", PASSWORD))


async def test_who_has_no_account_and_gets_none_stays_out(slapd: Slapd, their_site: TheirSite) -> None:
    """Without `create` a right password opens nothing, and operators can read why in the audit."""
    slapd.person("s-none", "the password")
    site = await their_site(create=False)
    assert not is_in(await site.sign_in("s-none", "the password"))
    assert await account(site, "s-none") is None
    assert any("corp: not linked" in line for line in await details(site))


async def details(site: SiteUnderTest) -> list[str]:
    """What the audit's lines say more; what is noted lazily is waited for."""
    for _ in range(100):
        if lines := await site.store.audit_lines(None, 100):
            return [str(line) for line in lines]
        await asyncio.sleep(0.05)
    return []


@pytest.mark.parametrize("name", ["S-DORA", " s-dora ", "\uff53-dora", "s-dora@example.com", "S-Dora@EXAMPLE.com"])
async def test_every_spelling_is_one_account(slapd: Slapd, their_site: TheirSite, name: str) -> None:
    """Row 14 of security.md: whatever a person types, it ends at the one account that their id is linked to."""
    dn = f"uid=s-dora,{slapd.people}"
    if not slapd.attribute(dn, "uid"):
        slapd.person("s-dora", "the password")
    site = await their_site(filter="(&(objectClass=person)(|(uid={name})(mail={name})))")
    assert is_in(await site.sign_in("s-dora", "the password"))
    browser = site.browser()
    assert is_in(await site.sign_in(name, "the password", browser))
    await browser.aclose()
    assert [one.name for one in await site.store.accounts()] == ["s-dora"]


async def test_all_names_of_a_person_feed_one_budget(slapd: Slapd, their_site: TheirSite) -> None:
    """Row 13 of security.md: guesses by user name and by e-mail address are counted together, before they are made."""
    slapd.person("s-erin", "the password")
    site = await their_site(filter="(|(uid={name})(mail={name}))", lockout_tries=0)
    for _ in range(5):
        assert not is_in(await site.sign_in("s-erin", "wrong", site.browser()))
        assert not is_in(await site.sign_in("s-erin@example.com", "wrong", site.browser()))
    assert not is_in(await site.sign_in("s-erin", "the password", site.browser()))
    assert not is_in(await site.sign_in("s-erin@example.com", "the password", site.browser()))
    site.env.advance(MINUTE)
    assert is_in(await site.sign_in("s-erin", "the password", site.browser()))


async def test_we_never_lock_somebody_out_of_the_directory(slapd: Slapd, their_site: TheirSite) -> None:
    """However often a password is guessed here, fewer guesses reach the directory than lock somebody there; a browser
    that signed in before is not kept out by strangers.
    """
    policy = f"cn=lock-at-five,{slapd.policies}"
    dn = slapd.person("s-frank", "the password", more=[("pwdPolicySubentry", policy)])
    site = await their_site(lockout_tries=5)
    mine = site.browser()
    assert is_in(await site.sign_in("s-frank", "the password", mine))
    for number in range(30):
        assert not is_in(await site.sign_in("s-frank", f"wrong {number}", site.browser()))
    assert slapd.attribute(dn, "pwdAccountLockedTime") == ""
    assert is_in(await site.sign_in("s-frank", "the password", mine))
    assert not is_in(await site.sign_in("s-frank", "the password", site.browser()))
    site.env.advance(11 * MINUTE)
    assert is_in(await site.sign_in("s-frank", "the password", site.browser()))


BIND_AS = {
    "bind_as": f"uid={{name}},{PEOPLE}", "bind_dn": "", "bind_password_file": "", "kept_hours": 0, "lockout_tries": 5,
}  # fmt: skip


async def test_who_binds_by_a_template_is_not_locked_out_either(slapd: Slapd, their_site: TheirSite) -> None:
    """Where the password is passed on before anybody knows whose it is, fewer guesses reach the directory, too."""
    dn = slapd.person("s-nora", "the password", more=[("pwdPolicySubentry", f"cn=lock-at-five,{slapd.policies}")])
    site = await their_site(**BIND_AS)
    mine = site.browser()
    assert is_in(await site.sign_in("s-nora", "the password", mine))
    for number in range(12):
        assert not is_in(await site.sign_in(("s-nora", "S-Nora")[number % 2], f"wrong {number}", site.browser()))
    assert slapd.attribute(dn, "pwdAccountLockedTime") == ""
    assert is_in(await site.sign_in("s-nora", "the password", mine))
    assert not is_in(await site.sign_in("s-nora", "the password", site.browser()))
    site.env.advance(11 * MINUTE)
    assert is_in(await site.sign_in("s-nora", "the password", site.browser()))


async def test_names_passed_on_unknown_share_a_networks_budget(slapd: Slapd, their_site: TheirSite) -> None:
    """Any name may be one more of the same person: guesses at many names use up one budget, which no known browser
    needs.
    """
    slapd.person("s-otto", "the password")
    site = await their_site(**BIND_AS)
    mine = site.browser()
    assert is_in(await site.sign_in("s-otto", "the password", mine))
    for number in range(3):
        assert not is_in(await site.sign_in(f"s-alias-{number}", "wrong", site.browser()))
    assert not is_in(await site.sign_in("s-otto", "the password", site.browser()))
    assert is_in(await site.sign_in("s-otto", "the password", mine))
    site.env.advance(11 * MINUTE)
    assert is_in(await site.sign_in("s-otto", "the password", site.browser()))


async def test_a_person_found_disabled_while_signing_in_is_stopped_at_once(slapd: Slapd, their_site: TheirSite) -> None:
    """Who is out in the directory does not stay until the next round: their phones and browsers end now."""
    dn = slapd.person("s-grace", "the password")
    site = await their_site()
    assert is_in(await site.sign_in("s-grace", "the password"))
    slapd.change(f"dn: {dn}\nchangetype: modify\nreplace: shadowExpire\nshadowExpire: 1\n")
    assert not is_in(await site.sign_in("s-grace", "the password", site.browser()))
    stopped = await account(site, "s-grace")
    assert stopped is not None
    assert (stopped.standing, stopped.stop) == (Standing.DISABLED, 1)


async def test_groups_count_at_the_next_sign_in(slapd: Slapd, their_site: TheirSite) -> None:
    """A right that a group gives comes and goes with it, up to the cap; what an administrator gave beyond it stays."""
    dn = slapd.person("s-heidi", "the password")
    group = slapd.group("s-heidi-admins", dn)
    site = await their_site(permissions={group: "SYSTEM_ADMIN"}, most_permission="ADMIN")
    assert is_in(await site.sign_in("s-heidi", "the password", site.browser()))
    found = await account(site, "s-heidi")
    assert found is not None
    assert (found.permission, found.groups) == (Permission.ADMIN, ("s-heidi-admins",))
    slapd.delete(f"cn=s-heidi-admins,{GROUPS}")
    assert is_in(await site.sign_in("s-heidi", "the password", site.browser()))
    found = await account(site, "s-heidi")
    assert found is not None
    assert (found.permission, found.groups) == (Permission.WRITE, ())


async def test_a_renamed_person_keeps_their_account(slapd: Slapd, their_site: TheirSite) -> None:
    """Another user name and another place, the same id: the same account; the old name is nobody's any more."""
    dn = slapd.person("s-ivy", "the password")
    site = await their_site()
    assert is_in(await site.sign_in("s-ivy", "the password", site.browser()))
    slapd.rename(dn, "uid=s-ivy2")
    assert not is_in(await site.sign_in("s-ivy", "the password", site.browser()))
    assert is_in(await site.sign_in("s-ivy2", "the password", site.browser()))
    assert await identity_of(site, slapd, f"uid=s-ivy2,{slapd.people}") == await account(site, "s-ivy")
    assert await account(site, "s-ivy2") is None


async def test_somebody_new_with_an_old_name_gets_nothing_of_it(slapd: Slapd, their_site: TheirSite) -> None:
    """A user name that was given away again is somebody else: no way into the account of who had it before."""
    dn = slapd.person("s-judy", "the first one")
    site = await their_site(match="name")
    assert is_in(await site.sign_in("s-judy", "the first one", site.browser()))
    slapd.delete(dn)
    slapd.person("s-judy", "the second one")
    assert not is_in(await site.sign_in("s-judy", "the second one", site.browser()))


async def test_confirming_asks_the_directory_by_the_persons_id(slapd: Slapd, their_site: TheirSite) -> None:
    """A recent sign-in is proved by the organisation's password, also after the person was renamed there."""
    dn = slapd.person("s-kim", "the password")
    site = await their_site()
    await site.sign_in("s-kim", "the password")
    slapd.rename(dn, "uid=s-kim2")
    slapd.person("s-kim", "somebody else's")
    for password, wanted in (("wrong", False), ("somebody else's", False), ("the password", True)):
        page = await site.client.get(f"{site.base}/confirm")
        action, fields = next(form for form in forms_of(page.text) if form[0].endswith("/confirm"))
        answer = await site.client.post(site.absolute(action), data={**fields, "password": password})
        assert is_in(answer) is wanted, password


async def test_who_is_in_no_directory_confirms_by_none(
    slapd: Slapd, their_site: TheirSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a password here and without a directory, confirming is refused after one hash: no directory is asked for
    somebody who only has the same name.
    """
    slapd.person("s-lou", "the password")
    site = await their_site(match="name")
    await site.sign_in("s-lou", "the password")
    found = await account(site, "s-lou")
    assert found is not None
    (identity,) = await site.store.identities_of(found.id)
    assert await site.store.apply(unlinked(identity, "test", site.env()))
    page = await site.client.get(f"{site.base}/confirm")
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith("/confirm"))
    asked, hashes = list[str](), counted_hashes(monkeypatch)
    monkeypatch.setattr(LdapDirectory, "sign_in", lambda self, name, *more: asked.append(name))
    answer = await site.client.post(site.absolute(action), data={**fields, "password": "the password"})
    assert (answer.status_code, is_in(answer)) == (401, False)
    assert (asked, hashes) == ([], [1])
    assert await site.store.identities_of(found.id) == []


async def test_people_are_told_whose_password_theirs_is(slapd: Slapd, their_site: TheirSite) -> None:
    """Who came by the directory's password reads so where a password is asked for or changed; others do not."""
    slapd.person("s-mona", "the password")
    site = await their_site(title="The <b>Example</b> directory")
    await site.make_account("s-own")
    own = site.browser()
    await site.sign_in("s-mona", "the password")
    await site.sign_in("s-own", PASSWORD, own)
    for path in ("/account/sign-in", "/confirm"):
        theirs = (await site.client.get(site.base + path)).text
        assert "The &lt;b&gt;Example&lt;/b&gt; directory" in theirs
        assert "Example" not in (await own.get(site.base + path)).text
    assert "current_password" not in (await site.client.get(f"{site.base}/account/sign-in")).text


async def test_a_directory_that_is_away_is_told_of_to_everybody_alike(slapd: Slapd, their_site: TheirSite) -> None:
    """Nobody's tries are used up while it is away; the page says so whatever name was typed; people with passwords of
    our own sign in; and when it is back, so are its people.
    """
    slapd.person("s-leo", "the password")
    site = await their_site()
    await site.make_account("s-here-too")
    slapd.stop()
    try:
        tries = [await site.sign_in("s-leo", "the password", site.browser()) for _ in range(15)]
        away = tries[-1]
        assert "cannot be reached" in away.text
        local = await site.sign_in("s-here-too", "wrong", site.browser())
        assert stripped(local.text, "s-here-too") == stripped(away.text, "s-leo")
        assert is_in(await site.sign_in("s-here-too", PASSWORD, site.browser()))
    finally:
        slapd.start()
    assert is_in(await site.sign_in("s-leo", "the password", site.browser()))
    assert "cannot be reached" not in (await site.sign_in("s-leo", "wrong", site.browser())).text
