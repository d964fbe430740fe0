"""The doctor in the console and by REST: only when asked, at the base URL alone, and the same report in both."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from genkan.doctor.reach import Clocks
from genkan.protocol.env import MINUTE
from genkan.wire.scopes import Permission
from tests.browser.reading import read_page
from tests.doctor.world import INFO, Answering, Asked, Front, Told, in_process, means, opened, sent_to
from tests.ports import free_port
from tests.site.api_world import a_key
from tests.site.world import SiteUnderTest, TestClock, close_site, forms_of, open_site

PATH = "/admin/health/check"
API = "/rest/genkan/1.0/installation/check"


@pytest.fixture
async def ours(tmp_path: Path) -> AsyncIterator[SiteUnderTest]:
    """root administers and is signed in; the switch is on; the process can look at its own front."""
    site = await open_site(tmp_path, TestClock(), base_url=f"http://localhost:{free_port()}/desk")
    await site.make_account("root", Permission.ADMIN)
    await site.turn_mobile_on()
    await site.sign_in("root")
    site.door.outlook.means = means(clocks=Clocks(lambda: site.env.now, lambda: 0.0))
    yield site
    await close_site(site)


@pytest.fixture
async def front(ours: SiteUnderTest) -> AsyncIterator[Front]:
    """What listens at the base URL."""
    public = ours.door.public
    async with opened(Front(in_process(ours.app, public.origin), port=public.port or 0)) as listening:
        yield listening


async def press(site: SiteUnderTest) -> str:
    """The button; the words of the page that comes."""
    page = await site.client.get(f"{site.base}{PATH}")
    (form,) = [fields for action, fields in forms_of(page.text) if action.endswith(PATH)]
    answer = await site.client.post(f"{site.base}{PATH}", data=form)
    assert answer.status_code == 200, answer.text
    (main,) = read_page(answer.content).all("main")
    return " ".join(main.text.split())


async def test_nothing_is_asked_before_the_button_is_pressed(ours: SiteUnderTest, front: Front) -> None:
    """The page asks nobody anything, and the health page leads to it."""
    page = await ours.client.get(f"{ours.base}{PATH}")
    assert page.status_code == 200
    assert front.heard == []
    assert f"/desk{PATH}" in (await ours.client.get(f"{ours.base}/admin/health")).text


async def test_a_healthy_site_is_ready(ours: SiteUnderTest, front: Front) -> None:
    """Every probe is shown, and that the site is ready."""
    words = await press(ours)
    assert "This site is ready for the app" in words
    assert "info-login Good" in words
    assert "Change first" not in words
    assert len(front.heard) > 10


async def test_what_is_wrong_stands_at_the_top(ours: SiteUnderTest, front: Front) -> None:
    """A gateway before info/login: named at the top, with the exact exception, and faults before what is good."""

    async def gateway(asked: Asked, site: Answering) -> Told:
        return sent_to("https://corp.okta.com/app") if asked.path.endswith(INFO) else await site(asked)

    front.tamper = gateway
    words = await press(ours)
    assert "A phone would not get through." in words
    assert words.index("Change first") < words.index("Okta") < words.index("info-login Wrong")
    assert words.index("info-login Wrong") < words.index("certificate Good")
    assert "location = /desk/rest/nativemobile/1.1/info/login" in words


async def test_the_same_in_japanese(ours: SiteUnderTest, front: Front) -> None:
    """Verdicts, reasons and fixes are in the reader's language; names of probes and lines of configuration stay."""

    async def gateway(asked: Asked, site: Answering) -> Told:
        return sent_to("https://corp.okta.com/app") if asked.path.endswith(INFO) else await site(asked)

    front.tamper = gateway
    ours.client.headers["accept-language"] = "ja"
    words = await press(ours)
    assert "のサインインの対象から" in words
    assert "アプリは誰かがサインインする前に、ここでサインインの方法を知ります" in words
    assert "location = /desk/rest/nativemobile/1.1/info/login" in words
    assert not any(english in words for english in ("Exempt", "the app", "phones", "not followed", "as nobody"))


async def test_the_api_tells_the_same(ours: SiteUnderTest, front: Front) -> None:
    """POST installation/check gives the document of genkan check --json; others than administrators get nothing."""
    caller = await a_key(ours, Permission.ADMIN)
    told = await caller("POST", API)
    assert told.status_code == 200, told.text
    report = told.json()
    assert set(report) == {"url", "verdict", "probes"}
    assert (report["url"], report["verdict"]) == (ours.base, "ok")
    assert set(report["probes"][0]) == {"id", "verdict", "asked", "answered", "why", "fix"}
    front.heard.clear()
    assert (await ours.browser().post(f"{ours.base}{API}")).status_code == 401
    assert front.heard == []


async def test_one_look_at_a_time(ours: SiteUnderTest, front: Front) -> None:
    """While a look goes on a second one is told to come back, and asks nothing."""
    caller = await a_key(ours, Permission.ADMIN)
    seconds: list[int] = []

    async def meanwhile(asked: Asked, site: Answering) -> Told:
        if not seconds:
            seconds.append((await caller("POST", API)).status_code)
        return await site(asked)

    front.tamper = meanwhile
    assert (await caller("POST", API)).status_code == 200
    assert seconds == [503]


async def test_a_stale_form_looks_at_nothing(ours: SiteUnderTest, front: Front) -> None:
    """A form of long ago goes back to the page."""
    page = await ours.client.get(f"{ours.base}{PATH}")
    (form,) = [fields for action, fields in forms_of(page.text) if action.endswith(PATH)]
    ours.env.advance(600 * MINUTE)
    answer = await ours.client.post(f"{ours.base}{PATH}", data=form)
    assert answer.status_code in (303, 401)
    assert front.heard == []
