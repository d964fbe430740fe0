"""An administrator's browser on the console's pages of application links, in process."""

import httpx2

from genkan.protocol.records import Link
from genkan.site.api.documents import public_id
from tests.site.world import SiteUnderTest, forms_of

LINKS = "/admin/links"
WEB = "https://wiki.example.com/cb"
GOOD = {"name": "Wiki", "redirect-1": WEB, "permission": "WRITE", "kind": "auto", "consent": "always"}
START = "/admin/links/create?type=external&direction=incoming"
# The fields that a form brings itself.
CARRIED = {"page_token", "draft", "version", "link", "redirect"}


class Console:
    """An administrator's browser."""

    def __init__(self, site: SiteUnderTest) -> None:
        self.site = site

    async def get(self, path: str) -> httpx2.Response:
        """A page of the console."""
        return await self.site.client.get(path if path.startswith("http") else self.site.base + path)

    async def send(self, page: httpx2.Response, ending: str, **typed: str) -> httpx2.Response:
        """Fill in the form whose action ends so, and send it; empty values are left out, as with a tick taken away."""
        action, fields = next(found for found in forms_of(page.text) if found[0].endswith(ending))
        kept = {name: value for name, value in fields.items() if name in CARRIED}
        return await self.site.client.post(self.site.absolute(action), data={**kept, **typed})

    async def follow(self, answer: httpx2.Response) -> httpx2.Response:
        """The page that a form led to."""
        assert answer.status_code in (302, 303), answer.text
        while answer.status_code in (302, 303):
            answer = await self.site.client.get(answer.headers["location"])
        return answer

    async def create(self, **changes: str) -> httpx2.Response:
        """The dialog's second step, sent with these fields."""
        return await self.send(await self.get(START), "/create", **{**GOOD, **changes})

    async def only_link(self) -> Link:
        """The one link that there is."""
        [link] = await self.site.store.links()
        return link


def path_of(link: Link) -> str:
    """The link's page."""
    return f"{LINKS}/{public_id(link.id)}"
