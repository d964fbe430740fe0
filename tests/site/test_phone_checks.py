"""A phone that looks at the site, from the QR code to what both ends show; and everything that the address must not
do.
"""

import json
import re
from dataclasses import replace

import pytest

from genkan.doctor.phone_words import OUTCOMES
from genkan.doctor.verdicts import Verdict
from genkan.protocol.env import DAY, MINUTE
from genkan.protocol.outcomes import Change, PutLink
from genkan.protocol.phone_check_steps import MOST_VERSIONS, MOST_VISITS, PhoneVisit
from genkan.protocol.phone_checks import KEPT, LIFE
from genkan.site.pages import catalogue
from genkan.site.phone_checked import checked
from genkan.site.qr_picture import picture
from genkan.wire.scopes import Permission
from tests.browser.reading import read_page
from tests.protocol.test_webviews import BROWSERS, INSIDE
from tests.site.api_world import a_key
from tests.site.checking_phone import (
    ANDROID,
    ANDROID_VIEW,
    API,
    IPAD,
    IPHONE,
    LINE,
    PhoneUnderTest,
    made,
    verdicts,
    words,
)
from tests.site.world import SiteUnderTest, forms_of


@pytest.fixture
async def ours(site: SiteUnderTest) -> SiteUnderTest:
    """root administers and is signed in; the switch is on."""
    await site.make_account("root", Permission.ADMIN)
    await site.turn_mobile_on()
    await site.sign_in("root")
    return site


async def test_a_phone_that_is_well_is_ready_on_both_ends(ours: SiteUnderTest) -> None:
    """Every probe good once the app opened; the phone, the console and the API say the same."""
    here, address = await made(ours)
    phone = PhoneUnderTest(ours)
    said = await phone.walk(address)
    assert "Nothing is known to be wrong" in said
    assert "return-to-app Unknown" in said
    done = await phone.press("/app", app="left")
    ready = words(await phone.client.get(done.headers["location"]))
    assert "This phone is ready for the app." in ready
    console = words(await ours.client.get(here))
    number = re.search(r"as number ([0-9a-f]{6})", ready)
    assert number is not None
    assert f"{number.group(1)}: iPhone · iOS 18.7 · Safari 26.1 Good" in console
    assert IPHONE in console
    found = await verdicts(ours, address)
    assert {verdict for verdict, _ in found.values()} == {"ok"}
    assert found["clock"] == ("ok", "they agree within 2 s")


async def test_what_is_wrong_stands_at_the_top_of_both_ends(ours: SiteUnderTest) -> None:
    """A gateway in the phone's network and a clock that is two hours off, each with its fix."""
    here, address = await made(ours)
    said = await PhoneUnderTest(ours).walk(address, info="redirected", clock=ours.env.now - 7_200_000)
    for shown, good in ((said, "cookies Good"), (words(await ours.client.get(here)), "kept, and sent back")):
        assert shown.index("Change first") < shown.index("info-login Wrong") < shown.index(good)
        assert "the phone is 7200 s behind" in shown
        assert "Exempt /rest/nativemobile/1.1/info/login from the sign-in of the gateway" in shown
    assert "This phone would not get through" in said


@pytest.mark.parametrize(
    ("user_agent", "verdict", "answered"),
    [
        (IPHONE, "ok", "the phone’s own browser"),
        (ANDROID, "ok", "the phone’s own browser"),
        (IPAD, "ok", "the phone’s own browser"),
        (LINE, "warning", "a page inside LINE"),
        (ANDROID_VIEW, "warning", "a page inside another app"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
            "unknown",
            "a browser on a computer",
        ),
        ("", "unknown", "a browser on a computer"),
    ],
)
async def test_the_browser_is_told_by_its_user_agent(
    ours: SiteUnderTest, user_agent: str, verdict: str, answered: str
) -> None:
    """A phone's own, a page inside another app, a computer; an iPad by being touched."""
    _, address = await made(ours)
    await PhoneUnderTest(ours, user_agent).walk(address)
    assert (await verdicts(ours, address))["browser"] == (verdict, answered)


async def test_every_known_user_agent_is_told_apart(ours: SiteUnderTest) -> None:
    """None of the corpus of web views and browsers is taken for the other; a Mac that is not touched is a Mac."""
    seen = {}
    for user_agent in (*(row[0] for row in INSIDE), *BROWSERS, IPAD):
        visit = PhoneVisit(b"c", b"v", 0, 0, 0, 1, user_agent, "{}")
        seen[user_agent] = (await checked(visit, ours.door, 0)).probes[0]
    assert {seen[row[0]].verdict for row in INSIDE} == {Verdict.WARNING}
    assert Verdict.WARNING not in {seen[user_agent].verdict for user_agent in BROWSERS}
    assert {seen[user_agent].verdict for user_agent in BROWSERS if "Mobile/" in user_agent} == {Verdict.OK}
    assert str(seen[IPAD].answered) == "a browser on a computer"


async def test_in_a_web_view_the_page_leads_out(ours: SiteUnderTest) -> None:
    """The intent on Android, the address to copy everywhere, and on no browser's page."""
    _, address = await made(ours)
    view = await PhoneUnderTest(ours, ANDROID_VIEW).client.get(address)
    assert 'href="intent://site.example/check/' in view.text
    line = words(await PhoneUnderTest(ours, LINE).client.get(address))
    assert "inside LINE, where passkeys and certificates do not work" in line
    assert address in line
    assert address not in words(await PhoneUnderTest(ours).client.get(address))


COOKIES = {
    # Whether the browser keeps the site's and the script's own, and whether the script found its own.
    (True, True, 1): ("ok", "kept, and sent back"),
    (False, True, 1): ("wrong", "the browser keeps cookies, and that of the site never reached it"),
    (False, False, 1): ("wrong", "the browser keeps cookies, and none reaches the site"),
    (False, False, 0): ("wrong", "the browser keeps no cookies"),
}


@pytest.mark.parametrize("case", COOKIES)
async def test_lost_cookies_are_told_by_where_they_are_lost(ours: SiteUnderTest, case: tuple[bool, bool, int]) -> None:
    """By the browser, on the way down or on the way up."""
    keeps, scripts, own = case
    _, address = await made(ours)
    phone = PhoneUnderTest(ours)
    page = await phone.client.get(address)
    (form,) = forms_of(page.text)
    if not keeps:
        phone.client.cookies.clear()
    if scripts:
        phone.client.cookies.set("genkan-check-script", "1", domain="site.example", path="/check")
    done = await phone.client.post(ours.absolute(form[0]), data={**form[1], **phone.found(own=own)})
    assert done.headers["location"].endswith("/away") is keeps
    found = await verdicts(ours, address)
    assert found["cookies"] == COOKIES[case]
    assert found["cookies-after-return"][0] == "unknown"


async def test_without_a_script_less_is_told_and_nothing_wrongly(ours: SiteUnderTest) -> None:
    """What the requests themselves show is judged, the rest is unknown."""
    _, address = await made(ours)
    await PhoneUnderTest(ours).walk(address, script=None)
    found = await verdicts(ours, address)
    good = {name for name, (verdict, _) in found.items() if verdict == "ok"}
    assert good == {"browser", "cookies", "cookies-after-return", "certificate"}
    assert {verdict for name, (verdict, _) in found.items() if name not in good} == {"unknown"}
    _, address = await made(ours)
    phone = PhoneUnderTest(ours)
    (form,) = forms_of((await phone.client.get(address)).text)
    phone.client.cookies.clear()
    await phone.client.post(ours.absolute(form[0]), data=form[1])
    assert (await verdicts(ours, address))["cookies"] == ("wrong", "not sent back")


CROSSINGS = [
    (True, False, {"sec-fetch-site": "cross-site"}, "ok"),
    (True, False, {}, "ok"),
    (True, True, {}, "unknown"),
    (True, True, {"sec-fetch-site": "same-origin"}, "unknown"),
    (False, False, {"sec-fetch-site": "cross-site"}, "wrong"),
]


@pytest.mark.parametrize(("lax", "strict", "headers", "verdict"), CROSSINGS)
async def test_the_return_is_judged_by_what_came_along(
    ours: SiteUnderTest, lax: bool, strict: bool, headers: dict[str, str], verdict: str
) -> None:
    """The Lax cookie must, the Strict one must not, where the browser says nothing else of where it came from."""
    _, address = await made(ours)
    phone = PhoneUnderTest(ours)
    done = await phone.tell(address)
    away = await phone.client.get(done.headers["location"])
    assert "sandbox allow-scripts allow-top-navigation" in away.headers["content-security-policy"]
    back = done.headers["location"].replace("/away", "/back")
    for name, keeps in (("__Host-genkan-check", lax), ("__Host-genkan-check-strict", strict)):
        if not keeps:
            phone.client.cookies.delete(name)
    assert (await phone.client.get(back, headers=headers)).status_code == 303
    assert (await verdicts(ours, address))["cookies-after-return"][0] == verdict
    # Coming that way again, by now without any cookie, unsays nothing; and none is left.
    assert not [cookie for cookie in phone.client.cookies.jar if "check" in cookie.name]
    await phone.client.get(back, headers=headers)
    assert (await verdicts(ours, address))["cookies-after-return"][0] == verdict


async def test_the_way_to_the_app_is_told_by_page_and_person(ours: SiteUnderTest) -> None:
    """Asked, left, and what the person says; that it was asked is no news after that. The app is told nothing."""
    _, address = await made(ours)
    phone = PhoneUnderTest(ours)
    await phone.walk(address)
    assert phone.page is not None
    assert "jira-server://oauth-callback?error=access_denied&amp;state=genkan-check" in phone.page.text
    assert "code=" not in phone.page.text
    for said, verdict in (("asked", "unknown"), ("left", "ok"), ("asked", "ok"), ("no", "wrong"), ("yes", "ok")):
        assert (await phone.press("/app", app=said)).status_code == 303
        assert (await verdicts(ours, address))["return-to-app"][0] == verdict
    for odd in ("", "ready", "YES"):
        assert (await phone.press("/app", app=odd)).status_code == 404
    assert (await verdicts(ours, address))["return-to-app"][0] == "ok"


async def test_the_address_of_another_app_is_opened_where_the_link_has_it(ours: SiteUnderTest) -> None:
    """The app's link may have been given a scheme of its own by now."""

    site = await ours.store.site()
    assert site.mobile_link_id is not None
    link = await ours.store.link(site.mobile_link_id)
    assert link is not None

    changed = replace(link, redirects=("http://127.0.0.1/cb", "com.example.app:/done"), version=link.version + 1)
    assert await ours.store.apply(Change((PutLink(changed),)))
    _, address = await made(ours)
    phone = PhoneUnderTest(ours)
    assert "begins with com.example.app:" in await phone.walk(address)


async def test_a_check_is_over_after_its_time(ours: SiteUnderTest) -> None:
    """Not opened after fifteen minutes, not told to after thirty, not read after a day; and a made-up one never."""
    here, address = await made(ours)
    phone = PhoneUnderTest(ours)
    late = await phone.client.get(address)
    await phone.walk(address)
    ours.env.advance(LIFE + 1)
    assert (await phone.client.get(address)).status_code == 404
    (form,) = forms_of(late.text)
    assert (await phone.client.post(ours.absolute(form[0]), data=form[1])).status_code == 404
    assert (await phone.press("/app", app="yes")).status_code == 303
    ours.env.advance(LIFE)
    assert (await phone.press("/app", app="no")).status_code == 404
    await ours.sign_in("root")
    assert "the app opened, as whoever holds the phone says" in words(await ours.client.get(here))
    assert "The code is over" in words(await ours.client.get(here))
    caller = await a_key(ours, Permission.ADMIN)
    ours.env.advance(KEPT)
    await ours.sign_in("root")
    for gone in (here, here + "/picture", here + "/seen"):
        assert (await ours.client.get(gone)).status_code == 404
    assert (await caller("GET", f"{API}/{address.rpartition('/')[2]}")).status_code == 404
    for path in (
        "/check/AAAA",
        "/checked/AAAA",
        "/checked/AAAA/away",
        "/checked/AAAA/back",
        "/checked/AAAA/certificate",
    ):
        assert (await phone.client.get(ours.base + path)).status_code == 404


async def test_looking_writes_nothing(ours: SiteUnderTest) -> None:
    """A preview that a messenger fetches, or an open page, is no phone."""
    here, address = await made(ours)
    assert (await ours.browser().get(address)).status_code == 200
    assert (await ours.browser().head(address)).status_code == 200
    assert "No phone has told anything yet." in words(await ours.client.get(here))


async def test_a_check_takes_ten_phones_and_each_some_dozen_tellings(ours: SiteUnderTest) -> None:
    """What is beyond that is refused, and what is there stays readable."""
    here, address = await made(ours)
    phone = PhoneUnderTest(ours)
    for _ in range(MOST_VISITS):
        await phone.walk(address)
    assert (await PhoneUnderTest(ours).tell(address)).status_code == 409
    told = 0
    while (await phone.press("/app", app="yes")).status_code == 303:
        told += 1
    assert told < MOST_VERSIONS
    assert (await phone.press("/app", app="no")).status_code == 409
    assert words(await ours.client.get(here)).count("kept, and sent back") == MOST_VISITS


async def test_other_sites_pages_tell_nothing(ours: SiteUnderTest) -> None:
    """A form that comes from elsewhere is refused before it is read; so is a visit of another check."""
    here, address = await made(ours)
    phone = PhoneUnderTest(ours)
    (form,) = forms_of((await phone.client.get(address)).text)
    cross = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    assert (await phone.client.post(ours.absolute(form[0]), data=form[1], headers=cross)).status_code == 403
    _, other = await made(ours)
    assert (await phone.client.post(other, data=form[1])).status_code == 404
    assert (await phone.client.post(address, data={"visit": "AAAA"})).status_code == 404
    assert "No phone has told anything yet." in words(await ours.client.get(here))


async def test_what_is_kept_of_a_phone_is_bounded(ours: SiteUnderTest) -> None:
    """Long and odd values are cut or count as not told; the user agent is shown as text."""
    here, address = await made(ours)
    odd = "<script>alert(1)</script>" + "x" * 5000
    phone = PhoneUnderTest(ours, odd)
    await phone.walk(address, info=odd, protocol="h2\n", passkeys="PLATFORM", autofill="1", clock="9" * 40, status=odd)
    page = (await ours.client.get(here)).text
    assert "<script>alert" not in page
    assert "x" * 300 not in page
    found = await verdicts(ours, address)
    assert {found[name][0] for name in ("info-login", "passkeys", "passkey-autofill", "clock")} == {"unknown"}


async def test_the_console_follows_while_phones_tell(ours: SiteUnderTest) -> None:
    """204 while nothing is new, the part anew when something is, and 286 once nothing can come any more."""
    here, address = await made(ours)
    page = await ours.client.get(here)
    assert 'hx-trigger="every 2s"' in page.text
    (asks,) = [e.attributes["hx-get"] for e in read_page(page.content).having("id", "seen")]
    assert (await ours.client.get(ours.absolute(asks))).status_code == 204
    await PhoneUnderTest(ours).walk(address)
    part = await ours.client.get(ours.absolute(asks))
    assert (part.status_code, "cookies-after-return" in part.text, "<main" in part.text) == (200, True, False)
    (again,) = [e.attributes["hx-get"] for e in read_page(part.content).having("id", "seen")]
    assert again != asks
    assert (await ours.client.get(ours.absolute(again))).status_code == 204
    ours.env.advance(2 * LIFE + 1)
    await ours.sign_in("root")
    over = await ours.client.get(ours.absolute(again))
    assert (over.status_code, "hx-get" in over.text) == (286, False)
    assert "hx-get" not in (await ours.client.get(here)).text


async def test_the_picture_is_the_address(ours: SiteUnderTest) -> None:
    """And is nobody's but administrators'."""
    here, address = await made(ours)

    drawn = await ours.client.get(here + "/picture")
    assert (drawn.headers["content-type"], drawn.content) == ("image/svg+xml", picture(address))
    await ours.make_account("alice")
    await ours.sign_in("alice")
    for path in ("", "/picture", "/seen"):
        assert (await ours.client.get(here + path)).status_code == 403
        assert (await ours.browser().get(here + path)).status_code == 302


async def test_the_api_makes_and_reads_a_check(ours: SiteUnderTest) -> None:
    """The same as the console; the numbers and times of each phone, the newest first."""
    caller = await a_key(ours, Permission.ADMIN)
    told = await caller("POST", API)
    assert told.status_code == 201, told.text
    check = told.json()
    assert set(check) == {"id", "url", "expiresAt", "phones"}
    assert (check["url"], check["phones"]) == (f"{ours.base}/check/{check['id']}", [])
    await PhoneUnderTest(ours).walk(check["url"])
    ours.env.advance(MINUTE)
    await PhoneUnderTest(ours, ANDROID_VIEW).walk(check["url"], info="off")
    read = (await caller("GET", f"{API}/{check['id']}")).json()
    view, phone = read["phones"]
    assert set(view) == {"number", "device", "userAgent", "openedAt", "changedAt", "verdict", "probes"}
    assert (view["userAgent"], view["verdict"], phone["verdict"]) == (ANDROID_VIEW, "warning", "unknown")
    assert set(view["probes"][0]) == {"id", "verdict", "asked", "answered", "why", "fix"}
    assert view["openedAt"] > phone["openedAt"]
    assert (await caller("GET", f"{API}/AAAA")).status_code == 404
    assert (await ours.browser().post(ours.base + API)).status_code == 401


async def test_the_phones_page_speaks_its_language(ours: SiteUnderTest) -> None:
    """Also what the doctor says."""
    _, address = await made(ours)
    phone = PhoneUnderTest(ours)
    phone.client.headers["accept-language"] = "ja"
    said = await phone.walk(address, info="redirected")
    assert catalogue("ja").gettext(OUTCOMES["info-redirected"][0]) in said
    assert "redirected:" not in said


async def test_nothing_of_a_check_reaches_the_log(ours: SiteUnderTest) -> None:
    """Neither its address nor a visit's; refusals are counted by their reason."""
    noted: list[str] = []
    object.__setattr__(ours.door, "log", lambda *words, **more: noted.append(json.dumps([*words, more], default=str)))
    _, address = await made(ours)
    phone = PhoneUnderTest(ours)
    await phone.walk(address)
    ours.env.advance(DAY)
    assert (await phone.client.get(address)).status_code == 404
    assert (await phone.press("/app", app="yes")).status_code == 404
    await ours.store.flush()
    assert "phone_check_dead" in {tally.reason for tally in await ours.store.tallies()}
    assert noted
    assert not [line for line in noted if address.rpartition("/")[2] in line or "/checked/AQ" in line]
