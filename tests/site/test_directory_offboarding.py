"""Off-boarding by LDAP, from the directory to the phone: one round, against a real OpenLDAP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import tomli_w

from genkan.protocol.env import HOUR, MINUTE
from genkan.protocol.records import Account, Standing
from genkan.site.directory_keeper import DirectoryKeeper, keepers
from genkan.wire.scopes import Permission
from tests.outside.slapd import GROUPS, Slapd
from tests.site.world import VERIFIER, SiteUnderTest, TestClock, close_site, forms_of, open_site

pytestmark = pytest.mark.needs("slapd", "ldapadd")
ADMINS = f"cn=o-admins,{GROUPS}"


@pytest.fixture
async def site(slapd: Slapd, tmp_path: Path) -> AsyncIterator[SiteUnderTest]:
    """A site whose people are those of the directory."""
    file = tmp_path / "sign-on.toml"
    table = slapd.source(create=True, permissions={ADMINS: "ADMIN"}, most_permission="ADMIN")
    file.write_text(tomli_w.dumps({"ldap": [table]}))
    opened = await open_site(tmp_path / "site", TestClock(), sign_on_file=str(file))
    yield opened
    await close_site(opened)


def keeper(site: SiteUnderTest) -> DirectoryKeeper:
    """The task that the site runs for its directory."""
    (only,) = keepers(site.door)
    return only


async def next_round(site: SiteUnderTest) -> None:
    """Fifteen minutes later."""
    site.env.advance(15 * MINUTE)
    await keeper(site).round()


async def phone_of(site: SiteUnderTest, name: str) -> tuple[str, str]:
    """Somebody of the directory signs in on a phone: its refresh token, and the link's client id."""
    link = await site.turn_mobile_on()
    page = await site.authorize(link)
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith("/login"))
    answer = await site.client.post(
        site.absolute(action), data={**fields, "username": name, "password": "the password"}
    )
    while answer.status_code in (302, 303) and answer.headers["location"].startswith(site.base):
        answer = await site.client.get(answer.headers["location"])
    answer = await site.decide(answer)
    code = answer.headers["location"].partition("code=")[2].partition("&")[0]
    told = await site.token(
        grant_type="authorization_code", code=code, client_id=link.client_id, redirect_uri=link.redirects[0],
        code_verifier=VERIFIER,
    )  # fmt: skip
    assert told.status_code == 200, told.text
    return str(told.json()["refresh_token"]), link.client_id


async def refreshes(site: SiteUnderTest, phone: tuple[str, str]) -> tuple[bool, tuple[str, str]]:
    """Whether the phone still refreshes, and what it holds then."""
    answer = await site.token(grant_type="refresh_token", refresh_token=phone[0], client_id=phone[1])
    return answer.status_code == 200, (str(answer.json().get("refresh_token", "")), phone[1])


async def account(site: SiteUnderTest, name: str) -> Account:
    found = await site.store.account_by_name(name)
    assert found is not None
    return found


@pytest.mark.parametrize("how", ["disabled", "deleted"])
async def test_who_left_is_signed_out_within_one_round(slapd: Slapd, site: SiteUnderTest, how: str) -> None:
    """Disabled or deleted in the directory: the account is disabled and the phone refreshes no more; before that round
    it did.
    """
    dn = slapd.person(f"o-{how}", "the password")
    phone = await phone_of(site, f"o-{how}")
    await next_round(site)
    works, phone = await refreshes(site, phone)
    assert works
    if how == "deleted":
        slapd.delete(dn)
    else:
        slapd.change(f"dn: {dn}\nchangetype: modify\nadd: shadowExpire\nshadowExpire: 1\n")
    await next_round(site)
    assert (await account(site, f"o-{how}")).standing is Standing.DISABLED
    works, _ = await refreshes(site, phone)
    assert not works


async def test_away_for_a_while_and_back(slapd: Slapd, site: SiteUnderTest) -> None:
    """Kept for a day while the directory is away, which the store remembers for the health page; held after that; free
    again when it answers.
    """
    slapd.person("o-away", "the password")
    await phone_of(site, "o-away")
    await next_round(site)
    slapd.stop()
    try:
        await next_round(site)
        (state,) = await site.store.source_states()
        assert state.missed_since == site.env.now
        site.env.advance(23 * HOUR)
        await next_round(site)
        assert (await account(site, "o-away")).standing is Standing.ACTIVE
        site.env.advance(HOUR)
        await next_round(site)
        assert (await account(site, "o-away")).standing is Standing.DISABLED
    finally:
        slapd.start()
    await next_round(site)
    assert (await account(site, "o-away")).standing is Standing.ACTIVE
    (state,) = await site.store.source_states()
    assert state.missed_since is None


async def test_a_right_that_a_group_gave_goes_with_it(slapd: Slapd, site: SiteUnderTest) -> None:
    """Out of the group: the next round narrows the account, without a sign-in."""
    dn = slapd.person("o-group", "the password")
    slapd.group("o-admins", dn)
    await site.sign_in("o-group", "the password")
    assert (await account(site, "o-group")).permission is Permission.ADMIN
    slapd.delete(ADMINS)
    await next_round(site)
    narrowed = await account(site, "o-group")
    assert (narrowed.permission, narrowed.standing) == (Permission.WRITE, Standing.ACTIVE)
