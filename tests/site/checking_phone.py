"""A phone that checks a site: the address from the console, and a browser that goes through the steps."""

import re

import httpx2

from genkan.wire.scopes import Permission
from tests.browser.reading import read_page
from tests.site.api_world import a_key
from tests.site.world import SiteUnderTest, forms_of

PATH, API = "/admin/health/phone", "/rest/genkan/1.0/installation/phone-checks"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 "
    "Mobile/15E148 Safari/604.1"
)
IPAD = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 "
    "Safari/605.1.15"
)
LINE = IPHONE.replace("Version/26.1 Mobile/15E148 Safari/604.1", "Mobile/15E148 Safari Line/15.20.0")
ANDROID = (
    "Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36"
)
ANDROID_VIEW = ANDROID.replace("; K)", "; Pixel 9; wv)").replace("Chrome/", "Version/4.0 Chrome/")


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


async def made(site: SiteUnderTest) -> tuple[str, str]:
    """Press the button: the console's page of a new check, and the address on it."""
    page = await site.client.get(site.base + PATH)
    (form,) = [fields for action, fields in forms_of(page.text) if action.endswith(PATH)]
    done = await site.client.post(site.base + PATH, data=form)
    assert done.status_code == 303, done.text
    here = done.headers["location"]
    shown = await site.client.get(here)
    found = re.search(rf"{re.escape(site.base)}/check/[A-Za-z0-9_-]+", shown.text)
    assert found is not None
    return here, found.group()


class PhoneUnderTest:
    """A browser that opens the address, as the person and the page's script would."""

    def __init__(self, site: SiteUnderTest, user_agent: str = IPHONE) -> None:
        self.site = site
        self.client = site.browser(headers={"user-agent": user_agent})
        self.page: httpx2.Response | None = None

    async def tell(self, address: str, **told: object) -> httpx2.Response:
        """The button, with what the script found out (none: it did not run); the answer to the form."""
        page = await self.client.get(address)
        assert page.status_code == 200, page.text
        (form,) = forms_of(page.text)
        found = {} if told == {"script": None} else self.found(**told)
        return await self.client.post(self.site.absolute(form[0]), data={**form[1], **found})

    def found(self, **told: object) -> dict[str, str]:
        """What the script of a phone finds that is well."""
        well = {"script": 1, "touch": 1, "secure": 1, "own": 1, "clock": self.site.env.now, "protocol": "h2",
                "info": "announced", "passkeys": "platform", "autofill": "yes"}  # fmt: skip
        return {name: str(value) for name, value in {**well, **told}.items()}

    async def walk(self, address: str, **told: object) -> str:
        """To the page that shows what was found; its words. Another site leads back, as a browser tells it."""
        done = await self.tell(address, **told)
        while done.status_code == 303:
            where = done.headers["location"]
            done = await self.client.get(where)
            if where.endswith("/away"):
                hrefs = [e.attributes["href"] for e in read_page(done.content).all("a")]
                (back,) = [href for href in hrefs if href.endswith("/back")]
                headers = {"sec-fetch-site": "cross-site"}
                self.client.cookies.delete("__Host-genkan-check-strict")
                done = await self.client.get(self.site.absolute(back), headers=headers)
        self.page = done
        assert done.status_code == 200, done.text
        return words(done)

    async def press(self, action: str, **fields: str) -> httpx2.Response:
        """A form of the page that shows what was found."""
        assert self.page is not None
        where, hidden = next(form for form in forms_of(self.page.text) if form[0].endswith(action))
        return await self.client.post(self.site.absolute(where), data={**hidden, **fields})


def words(page: httpx2.Response) -> str:
    (main,) = read_page(page.content).all("main")
    return " ".join(main.text.split())


async def verdicts(site: SiteUnderTest, address: str) -> dict[str, tuple[str, str]]:
    """What the API tells of the newest phone: verdict and answer of each probe."""
    caller = await a_key(site, Permission.ADMIN, f"key-{site.env().draw_id()}")
    told = await caller("GET", f"{API}/{address.rpartition('/')[2]}")
    assert told.status_code == 200, told.text
    phone = told.json()["phones"][0]
    return {probe["id"]: (probe["verdict"], probe["answered"]) for probe in phone["probes"]}
