"""Who is let in by the organisation's provider, and signing in there anew where a fresh sign-in is needed."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from genkan.protocol import accounts
from genkan.protocol.directory import link_by_hand
from genkan.protocol.env import DAY, HOUR
from genkan.protocol.outcomes import Change, EventKind
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Method, Standing
from genkan.wire.scopes import Permission
from tests.site.openid_world import MADE, Corporate, alice, corporate, kinds, says


async def test_nobody_is_let_in_whom_no_rule_lets_in(tmp_path: Path) -> None:
    """By default nobody is matched and nobody made; an administrator reads who came, and links them."""
    async with corporate(tmp_path, "") as corp:
        account = await corp.site.make_account("alice", email="alice@example.com")
        assert says(await corp.sign_in(), Reason.SIGN_ON_REFUSED)
        (stranger,) = corp.site.door.sign_on.strangers
        assert (stranger.source, stranger.subject, stranger.name) == ("corp", "00u1", "alice")
        assert EventKind.SIGN_ON_REFUSED in await kinds(corp.site)
        change = link_by_hand(account, "corp", "00u1", "alice", "test", corp.site.env())
        assert isinstance(change, Change)
        assert await corp.site.store.apply(change)
        assert corp.landed(await corp.sign_in(corp.site.browser())) == "/"


@pytest.mark.parametrize("standing", [Standing.DISABLED, Standing.DELETED])
async def test_a_stopped_account_looks_like_none(corp: Corporate, standing: Standing) -> None:
    """Disabled and deleted are answered as somebody whom no rule lets in, and are not made anew (row 7)."""
    assert corp.landed(await corp.sign_in()) == "/"
    change = accounts.set_standing(await alice(corp.site), standing, "test", corp.site.env())
    assert isinstance(change, Change)
    assert await corp.site.store.apply(change)
    assert says(await corp.sign_in(corp.site.browser()), Reason.SIGN_ON_REFUSED)
    assert len([kind for kind in await kinds(corp.site) if kind == EventKind.ACCOUNT_ADDED]) == 1


async def test_spellings_of_a_name_are_one_person(tmp_path: Path) -> None:
    """Row 14: case, width and spaces find the one account that is there, and never make a second."""
    async with corporate(tmp_path, 'match = "name"\ncreate = true') as corp:
        account = await corp.site.make_account("alice")
        corp.provider.person["preferred_username"] = "  \uff21LICE "
        assert corp.landed(await corp.sign_in()) == "/"
        assert [one.account_id for one in await corp.site.store.identities_of(account.id)] == [account.id]
        corp.provider.person |= {"sub": "00u2", "preferred_username": "Alice"}
        assert says(await corp.sign_in(corp.site.browser()), Reason.SIGN_ON_REFUSED)


async def test_a_match_never_reaches_an_administrator_unless_told(tmp_path: Path) -> None:
    """Whoever runs the provider does not run the site."""
    async with corporate(tmp_path, 'match = "email"') as corp:
        await corp.site.make_account("root", Permission.SYSTEM_ADMIN, email="alice@example.com")
        assert says(await corp.sign_in(), Reason.SIGN_ON_REFUSED)


async def test_a_fresh_sign_in_is_asked_for_and_checked(corp: Corporate) -> None:
    """prompt=login of the application goes on to the provider; an old sign-in there is not enough."""
    link = await corp.site.turn_mobile_on()
    page = await corp.site.authorize(link, prompt="login")
    start = page.text.partition('href="/login/openid/corp?')[2].partition('"')[0].replace("&amp;", "&")
    address = (await corp.site.client.get(f"/login/openid/corp?{start}")).headers["location"]
    query = parse_qs(urlsplit(address).query)
    assert (query["prompt"], query["max_age"]) == (["login"], ["0"])
    corp.provider.signed_in_at = corp.site.env.now // 1000 - 3600
    assert says(await corp.come_back(corp.provider.sign_in(address)), Reason.SIGN_ON_INVALID)
    address = (await corp.site.client.get(f"/login/openid/corp?{start}")).headers["location"]
    corp.provider.signed_in_at = None
    back = await corp.come_back(corp.provider.sign_in(address))
    while back.status_code in (302, 303) and back.headers["location"].startswith(corp.site.base):
        back = await corp.site.client.get(back.headers["location"])
    assert 'name="decision"' in back.text


async def test_a_silent_sign_in_is_as_old_as_the_provider_says(corp: Corporate) -> None:
    """Somebody who signed in there this morning has not just proved to be there; without a word of it neither."""
    corp.provider.signed_in_at = (corp.site.env.now - 5 * HOUR) // 1000
    assert corp.landed(await corp.sign_in()) == "/"
    (session,) = await corp.site.store.sessions((await alice(corp.site)).id)
    assert session.auth_time == corp.provider.signed_in_at * 1000
    corp.provider.alter = lambda claims: claims.pop("auth_time")
    assert corp.landed(await corp.sign_in(corp.site.browser())) == "/"
    times = {one.auth_time for one in await corp.site.store.sessions(session.account_id)}
    assert min(times) == corp.site.env.now - DAY


async def test_confirming_goes_through_the_provider(corp: Corporate) -> None:
    """A dangerous page is reached by signing in anew there, and only by the same person."""
    corp.provider.signed_in_at = (corp.site.env.now - HOUR) // 1000
    assert corp.landed(await corp.sign_in()) == "/"
    wanted = f"{corp.site.base}/account/sign-in"
    page = await corp.site.client.get("/confirm", params={"next": wanted})
    start = page.text.partition('href="/login/openid/corp?')[2].partition('"')[0].replace("&amp;", "&")
    assert "confirm=1" in start
    corp.provider.person["sub"] = "00u2"
    corp.provider.signed_in_at = None
    address = (await corp.site.client.get(f"/login/openid/corp?{start}")).headers["location"]
    other = await corp.come_back(corp.provider.sign_in(address))
    assert other.status_code == 403
    assert "Alice Example" in other.text
    corp.provider.person["sub"] = "00u1"
    address = (await corp.site.client.get(f"/login/openid/corp?{start}")).headers["location"]
    assert corp.landed(await corp.come_back(corp.provider.sign_in(address))) == "/account/sign-in"
    sessions = await corp.site.store.sessions((await alice(corp.site)).id)
    assert [session.auth_time for session in sessions] == [corp.site.env.now]


async def test_only_an_operator_says_what_a_providers_word_is_worth(tmp_path: Path) -> None:
    """amr and acr of the provider count as more than FED only where the table names them."""
    for number, (rest, method) in enumerate((("", Method.FED), ('strong = ["mfa"]', Method.FED | Method.MFA))):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with corporate(folder, f"{MADE}\n{rest}") as corp:
            corp.provider.person["amr"] = ["pwd", "mfa"]
            assert corp.landed(await corp.sign_in()) == "/"
            (session,) = await corp.site.store.sessions((await alice(corp.site)).id)
            assert session.method == method
