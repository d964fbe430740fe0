"""The console's page of the MDM set-up, and the same by REST: artefacts, and what is wrong with a value."""

import html
import json
import plistlib

import pytest

from genkan.mdm.check import check
from genkan.mdm.targets import Target
from tests.site.world import SiteUnderTest, forms_of

HERE = "/admin/mobile/mdm"
REST = "/rest/genkan/1.0/managed-configuration"
CLIENT = "38843a89f2b02a471000bc022e4b9de8"
PASTED = '[{"baseURL": "https://jira.example.com/browse/A-1", "oauth": {"clientId": "' + CLIENT + '"}}]'


async def shown(site: SiteUnderTest, **query: str) -> str:
    """The page, as text."""
    page = await site.client.get(site.base + HERE, params=query)
    assert page.status_code == 200
    return html.unescape(page.text)


async def checked(site: SiteUnderTest, pasted: str, **changed: str) -> str:
    """The page after a value was pasted."""
    forms = forms_of((await site.client.get(site.base + HERE)).text)
    fields = next(fields for action, fields in forms if "/mdm/check" in action)
    data = {**fields, "pasted": pasted, **changed}
    page = await site.client.post(f"{site.base}{HERE}/check", data=data)
    assert page.status_code == 200
    return html.unescape(page.text)


async def test_the_page_of_the_switch_leads_here(ours: SiteUnderTest) -> None:
    """Once the app has a client id there is something to give an MDM."""
    await ours.turn_mobile_on()
    assert f'href="{ours.door.public.path}{HERE}"' in (await ours.client.get(f"{ours.base}/admin/mobile")).text


@pytest.mark.parametrize("target", Target)
async def test_each_mdm_gets_its_artefact(ours: SiteUnderTest, target: Target) -> None:
    """With this site's name, address and client id, and where to paste it."""
    link = await ours.turn_mobile_on()
    page = await shown(ours, **{"for": target.value, "bundle_id": "com.example.jira"})
    assert link.client_id in page
    assert "Paste it here" in page
    assert "only names the site" not in page


async def test_without_the_switch_the_site_is_only_named(ours: SiteUnderTest) -> None:
    """The page says so, and the value has no client id."""
    page = await shown(ours)
    assert "only names the site" in page
    assert "clientID" not in page


async def test_a_form_that_needs_the_bundle_id_asks_for_it(ours: SiteUnderTest) -> None:
    """Nothing half is shown before it is there."""
    page = await shown(ours, **{"for": "appconfig"})
    assert "names the app by its bundle ID" in page
    assert "<managedAppConfiguration>" not in page
    assert "<managedAppConfiguration>" in await shown(ours, **{"for": "appconfig", "bundle_id": "com.example.jira"})


async def test_an_mdm_that_nobody_knows_is_the_first(ours: SiteUnderTest) -> None:
    """A made-up name in the address is no fault of anybody's."""
    assert "Microsoft Intune (iOS)" in await shown(ours, **{"for": "nothing"})


async def test_what_is_wrong_with_a_pasted_value(ours: SiteUnderTest) -> None:
    """Each finding with its place and fix, the text kept, the mended value to copy, and what a phone does."""
    page = await checked(ours, PASTED)
    for gist in ("/0/oauth/clientId", "/0/baseURL", "Write “clientID”.", "Write https://jira.example.com.", "Wrong"):
        assert gist in page
    assert PASTED in page
    assert f'[{{"baseURL": "https://jira.example.com", "oauth": {{"clientID": "{CLIENT}"}}}}]' in page
    assert "Nothing is left to find in it." in page
    assert "The app shows an error" in page


async def test_a_right_value_is_said_to_be_right(ours: SiteUnderTest) -> None:
    """What the page itself builds passes its own check."""
    await ours.turn_mobile_on()
    told = (await ours.client.get(ours.base + REST, params={"for": "ddm"})).json()
    page = await checked(ours, told["text"])
    assert "This is a property list." in page
    assert "The same, put right" not in page


async def test_nothing_pasted_is_no_fault(ours: SiteUnderTest) -> None:
    """An empty box leads back to the page."""
    assert "What was found" not in await checked(ours, " \n ")


async def test_a_stale_page_keeps_what_was_pasted(ours: SiteUnderTest) -> None:
    """It is shown again with its text, and a word why."""
    page = await checked(ours, PASTED, page_token="gnk_pg_old")
    assert "open too long" in page
    assert PASTED in page
    assert "What was found" not in page


async def test_markup_in_a_value_stays_text(ours: SiteUnderTest) -> None:
    """A value may hold anything; the page shows it as it is."""
    forms = forms_of((await ours.client.get(ours.base + HERE)).text)
    fields = next(fields for action, fields in forms if "/mdm/check" in action)
    data = {**fields, "pasted": '[{"<script>alert(1)</script>": 1, "baseURL": "https://a.example"}]'}
    page = await ours.client.post(f"{ours.base}{HERE}/check", data=data)
    assert "<script>alert" not in page.text


async def test_many_findings_are_cut(ours: SiteUnderTest) -> None:
    """The page stays one that can be read."""
    page = await checked(ours, "[" + ",".join(["{}"] * 250) + "]")
    assert "And 150 more." in page


@pytest.mark.parametrize("target", Target)
async def test_each_artefact_by_rest(ours: SiteUnderTest, target: Target) -> None:
    """The same artefact, its name and type, and where to paste it; the check finds this site in it."""
    link = await ours.turn_mobile_on()
    answer = await ours.client.get(ours.base + REST, params={"for": target.value, "bundleId": "com.example.jira"})
    told = answer.json()
    assert (answer.status_code, told["for"], bool(told["pasteItHere"])) == (200, target.value, True)
    (found,) = check(told["text"].encode(), target=target).sites
    assert found.oauth is not None
    assert (found.base_url, found.oauth.client_id) == (ours.door.public.text, link.client_id)


async def test_the_declarations_by_rest(ours: SiteUnderTest) -> None:
    """What belongs to an artefact comes with it."""
    told = (await ours.client.get(ours.base + REST, params={"for": "ddm"})).json()
    assert list(plistlib.loads(told["text"].encode())) == ["sites"]
    assert [file["filename"] for file in told["beside"]] == ["jira-sites.asset.json", "jira-sites.app.json"]


@pytest.mark.parametrize(
    ("query", "gist"), [({"for": "nothing"}, "for: "), ({"for": "appconfig"}, "bundleId"), ({"x": "1"}, "unknown")]
)
async def test_what_cannot_be_built_by_rest(ours: SiteUnderTest, query: dict[str, str], gist: str) -> None:
    """Status 400 with the parameter at fault."""
    answer = await ours.client.get(ours.base + REST, params=query)
    assert answer.status_code == 400
    assert gist in answer.text


async def test_a_check_by_rest(ours: SiteUnderTest) -> None:
    """The findings of the contract, the sites, the mended text and what is left."""
    answer = await ours.client.post(f"{ours.base}{REST}/check", json={"value": PASTED}, headers=same_origin(ours))
    told = answer.json()
    assert answer.status_code == 200
    assert [(f["entry"], f["pointer"], f["severity"]) for f in told["findings"]] == [
        (0, "/0/baseURL", "error"),
        (0, "/0/oauth/clientId", "error"),
    ]
    assert (told["sites"], told["left"], told["format"]) == ([], [], "value")
    assert json.loads(told["mended"])[0]["oauth"] == {"clientID": CLIENT}


async def test_a_right_value_by_rest(ours: SiteUnderTest) -> None:
    """Its sites are told as they stand in it."""
    value = '[{"title": "玄関", "baseURL": "https://a.example", "skipInfo": true}]'
    answer = await ours.client.post(f"{ours.base}{REST}/check", json={"value": value}, headers=same_origin(ours))
    assert answer.json()["sites"] == [
        {"title": "玄関", "baseURL": "https://a.example", "oauth": None, "skipInfo": True}
    ]


async def test_strangers_get_nothing(site: SiteUnderTest) -> None:
    """Building and checking are for administrators."""
    assert (await site.client.get(site.base + REST)).status_code == 401
    assert (await site.client.post(f"{site.base}{REST}/check", json={"value": "[]"})).status_code in {401, 403}


def same_origin(site: SiteUnderTest) -> dict[str, str]:
    """What a browser says of a page's own requests."""
    return {"origin": site.door.public.origin}


async def test_the_form_of_the_mdm_is_judged_on_the_page_and_by_rest(ours: SiteUnderTest) -> None:
    """Both ask the same functions as the command: the same finding, and the same file in the form of that MDM."""
    entry = [{"baseURL": "https://jira.example.com", "oauth": {"clientID": CLIENT}}]
    value = plistlib.dumps({"sites": json.dumps(entry)}).decode()
    assert "takes the <dict> alone" not in await checked(ours, value)
    page = await checked(ours, value, check_for="jamf")
    assert "Jamf Pro takes the <dict> alone" in page
    assert "The MDM refuses it" in page
    body = {"value": value, "for": "Jamf Pro"}
    told = (await ours.client.post(f"{ours.base}{REST}/check", json=body, headers=same_origin(ours))).json()
    assert [finding["gets"] for finding in told["findings"]] == ["The MDM refuses it, or gives a phone something else."]
    assert told["mended"].startswith("<dict>")
    assert told["left"] == []
    body = {"value": value, "for": "nobody"}
    answer = await ours.client.post(f"{ours.base}{REST}/check", json=body, headers=same_origin(ours))
    assert answer.status_code == 400
