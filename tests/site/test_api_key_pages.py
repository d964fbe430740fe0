"""The console's API keys: made with an end, told once, never above their maker, revoked for ever."""

import httpx2
import pytest

from genkan.protocol.env import DAY, HOUR, MINUTE
from genkan.protocol.reasons import Reason, entry
from genkan.site.api.documents import public_id
from genkan.wire.scopes import Permission
from tests.browser.reading import read_page
from tests.site.api_world import INSTALLATION, KEYS, Caller, a_key
from tests.site.world import SiteUnderTest, forms_of

PAGE = "/admin/api-keys"


def words_of(answer: httpx2.Response) -> str:
    """The words of a page."""
    (main,) = read_page(answer.content).all("main")
    return " ".join(main.text.split())


async def see(site: SiteUnderTest, path: str = PAGE) -> str:
    answer = await site.client.get(site.absolute(path) if path.startswith("http") else site.base + path)
    assert answer.status_code == 200, answer.text
    return words_of(answer)


async def token(site: SiteUnderTest, path: str) -> dict[str, str]:
    """What the form of this page carries."""
    page = await site.client.get(site.base + path)
    (fields,) = [fields for action, fields in forms_of(page.text) if action.endswith(path)]
    return {"page_token": fields["page_token"]}


async def make(site: SiteUnderTest, **typed: str) -> httpx2.Response:
    """Fill in the form and send it."""
    form = {"name": "MDM job", "permission": "ADMIN", "days": "90", **typed}
    return await site.client.post(f"{site.base}{PAGE}/create", data={**await token(site, f"{PAGE}/create"), **form})


async def test_a_key_is_made_and_told_once(ours: SiteUnderTest) -> None:
    """The page that follows shows it; looked at again it does not; it opens what it should, and the list knows when."""
    assert "There is no API key yet." in await see(ours)
    made = await make(ours)
    assert made.status_code == 303
    page = await ours.client.get(made.headers["location"])
    text = next(e.text for e in read_page(page.content).having("id", "api-key"))
    assert text.startswith("gnk_ak_")
    assert "The API key is made." in words_of(page)
    again = await ours.client.get(made.headers["location"])
    assert text not in again.text
    assert "cannot be shown again" in words_of(again)
    assert "Not since the server was started" in await see(ours)
    ours.env.advance(MINUTE)
    assert (await Caller(ours, text)("GET", INSTALLATION)).status_code == 200
    words = await see(ours)
    assert "Not since the server was started" not in words
    assert "MDM job ADMIN Works Jan 15, 2027" in words
    assert text not in words


@pytest.mark.parametrize(("days", "end"), [("30", 30), ("90", 90), ("365", 365)])
async def test_a_key_has_an_end(ours: SiteUnderTest, days: str, end: int) -> None:
    """90 days are chosen beforehand."""
    page = await ours.client.get(f"{ours.base}{PAGE}/create")
    chosen = [e.attributes["value"] for e in read_page(page.content).having("checked")]
    assert chosen == ["READ", "90"]
    await make(ours, days=days)
    key = (await ours.store.api_keys())[0].key
    assert key.expires_at == ours.env.now + end * DAY


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"name": ""}, "Write a name of 1 to 100 characters"),
        ({"name": "x" * 101}, "Write a name of 1 to 100 characters"),
        ({"name": "a\x1bb"}, "Write a name of 1 to 100 characters"),
        ({"permission": "ALL"}, "Choose what the key may do."),
        ({"permission": "SYSTEM_ADMIN"}, entry(Reason.ABOVE_CALLER).public),
        ({"days": "10000"}, "Choose how long the key shall work."),
        ({"days": "never"}, "Choose how long the key shall work."),
        ({"days": ""}, "Choose how long the key shall work."),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field(
    ours: SiteUnderTest, typed: dict[str, str], sentence: str
) -> None:
    """Nothing is made, and what was right stays typed in."""
    answer = await make(ours, **{"name": "kept", **typed})
    assert answer.status_code == 400
    assert sentence in answer.text
    assert "name" in typed or 'value="kept"' in answer.text
    assert await ours.store.api_keys() == []


async def test_a_name_means_one_key(ours: SiteUnderTest) -> None:
    """A second one of the name is refused; the form that was sent twice leads to the key that it has made."""
    form = {**await token(ours, f"{PAGE}/create"), "name": "job", "permission": "READ", "days": "30"}
    first = await ours.client.post(f"{ours.base}{PAGE}/create", data=form)
    second = await ours.client.post(f"{ours.base}{PAGE}/create", data=form)
    assert second.headers["location"] == first.headers["location"].partition("?")[0]
    assert "gnk_ak_" in (await ours.client.get(second.headers["location"])).text
    third = await make(ours, name="job")
    assert (third.status_code, "There is an API key with this name already." in third.text) == (400, True)
    assert len(await ours.store.api_keys()) == 1


async def test_a_key_is_revoked_after_a_question(ours: SiteUnderTest) -> None:
    """Cancel changes nothing; the button ends it from the next request on; pressing it twice is no fault."""
    await make(ours)
    key = (await ours.store.api_keys())[0].key
    path = f"{PAGE}/{public_id(key.id)}/revoke"
    assert "Revoke the API key MDM job" in await see(ours, path)
    form = await token(ours, path)
    for _ in range(2):
        done = await ours.client.post(ours.base + path, data=form)
        assert done.headers["location"] == f"{ours.base}{PAGE}?done=key-revoked"
    key = (await ours.store.api_keys())[0].key
    assert key.revoked_at == ours.env.now
    words = await see(ours)
    assert "Revoked on Jan 15, 2027" in words
    assert "It is revoked already." in await see(ours, path)


async def test_no_key_reaches_above_its_administrator(ours: SiteUnderTest) -> None:
    """The key of a system administrator is shown, and neither made nor revoked by who is less."""
    await a_key(ours, Permission.SYSTEM_ADMIN, "high")
    page = await ours.client.get(f"{ours.base}{PAGE}/create")
    assert [e.attributes["value"] for e in read_page(page.content).having("disabled")] == ["SYSTEM_ADMIN"]
    key = (await ours.store.api_keys())[0].key
    path = f"{PAGE}/{public_id(key.id)}/revoke"
    assert "more than your own permission" in await see(ours, path)
    refused = await ours.client.post(ours.base + path, data=await token(ours, f"{PAGE}/create"))
    assert refused.status_code == 403
    assert [facts.key for facts in await ours.store.api_keys()] == [key]
    await ours.make_account("chief", Permission.SYSTEM_ADMIN)
    await ours.sign_in("chief")
    assert (await ours.client.post(ours.base + path, data=await token(ours, path))).status_code == 303


async def test_a_key_that_is_gone_is_not_there(ours: SiteUnderTest) -> None:
    """Its page, its question and its button."""
    form = await token(ours, f"{PAGE}/create")
    for path in (f"{PAGE}/{'0' * 16}", f"{PAGE}/{'0' * 16}/revoke", f"{PAGE}/x"):
        assert (await ours.client.get(ours.base + path)).status_code == 404
    assert (await ours.client.post(f"{ours.base}{PAGE}/x/revoke", data=form)).status_code == 404


async def test_a_form_is_acted_on_by_the_right_browser_only(ours: SiteUnderTest) -> None:
    """Not without the page's token, by a stranger, from another site, or long after sign-in; nothing typed is lost."""
    typed = {"name": "job", "permission": "READ", "days": "30"}
    address = f"{ours.base}{PAGE}/create"
    fields = await token(ours, f"{PAGE}/create")
    stale = await ours.client.post(address, data={**typed, "page_token": ""})
    assert (stale.status_code, 'value="job"' in stale.text) == (200, True)
    assert (await ours.browser().post(address, data=typed)).status_code == 401
    forged = await ours.client.post(address, data={**typed, **fields}, headers={"origin": "https://evil.example"})
    assert forged.status_code == 403
    ours.env.advance(HOUR)
    asked = await ours.client.post(address, data={**typed, **fields})
    assert (asked.status_code, "/confirm" in asked.text) == (401, True)
    assert (await ours.client.get(address)).headers["location"].startswith(f"{ours.base}/confirm?")
    assert await ours.store.api_keys() == []


async def test_nobody_else_sees_it(site: SiteUnderTest) -> None:
    """Strangers are led to sign-in; who may not administer is told so."""
    for path in (PAGE, f"{PAGE}/create", f"{PAGE}/0"):
        assert "/login?" in (await site.client.get(site.base + path)).headers["location"]
    await site.make_account()
    await site.sign_in("alice")
    for path in (PAGE, f"{PAGE}/create", f"{PAGE}/0"):
        assert (await site.client.get(site.base + path)).status_code == 403


async def test_the_page_and_the_api_show_the_same_keys(ours: SiteUnderTest) -> None:
    """A key made by one is there in the other, with when it was last used."""
    caller = await a_key(ours, Permission.ADMIN, "robot")
    made = await Caller(ours, None).post(KEYS, name="by the API")
    words = await see(ours)
    assert "by the API READ Works" in words
    listed = {key["name"]: key for key in await caller.get(KEYS)}
    assert listed["robot"]["lastUsedAt"] == "2027-01-15T08:00:00Z"
    assert listed["by the API"] == {name: value for name, value in made.items() if name != "apiKey"}
