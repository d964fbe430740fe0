"""A bug in a handler: told as a failure of the site's own, in the form the caller reads, and logged under the number
that the answer carries.
"""

from dataclasses import replace
from typing import Any

import httpx2
import pytest

from genkan.site.answer import Answer
from genkan.site.dispatch import Dispatcher
from genkan.site.door import Door
from genkan.site.peer import Peers
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from tests.site.world import SiteUnderTest

Logged = list[tuple[str, dict[str, Any]]]


async def _broken(received: Received, door: Door) -> Answer:
    raise KeyError("a row that was thought to be there")


def _browser(site: SiteUnderTest, guard: Guard, logged: Logged) -> httpx2.AsyncClient:
    door = replace(site.door, log=lambda level, event, **fields: logged.append((event, fields)))
    methods = ("POST",) if guard is Guard.FORM else ("GET",)
    rules = [Rule("/broken", methods, _broken, Who.ANYONE, guard, "Fails.")]
    app = Dispatcher(door, rules, Peers((), ""), lambda: 0.0)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=site.base)


@pytest.mark.parametrize(("guard", "method"), [(Guard.PAGE, "GET"), (Guard.FORM, "POST")])
async def test_a_person_is_shown_a_page_with_the_number_to_ask_about(
    site: SiteUnderTest, guard: Guard, method: str
) -> None:
    """500 as HTML; the page's number is the header's and the log's, and nothing of the bug is shown."""
    logged: Logged = []
    async with _browser(site, guard, logged) as browser:
        answer = await browser.request(method, "/broken", headers={"origin": site.base})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "thought to be there" not in answer.text
    number = answer.headers["x-request-id"]
    assert number in answer.text
    assert [fields["request_id"] for event, fields in logged if event == "bug"] == [number]


async def test_a_program_is_answered_in_json(site: SiteUnderTest) -> None:
    """RFC 6749 4.1.2.1 names the code; the description says nothing of the bug."""
    async with _browser(site, Guard.MACHINE, []) as client:
        answer = await client.get("/broken")
    assert (answer.status_code, answer.json()["error"]) == (500, "server_error")
    assert answer.headers["content-type"].startswith("application/json")
    assert "thought to be there" not in answer.text


@pytest.mark.parametrize(("part", "guard"), [("_find", Guard.MACHINE), ("_shaped", Guard.PAGE)])
async def test_what_fails_around_a_handler_is_counted_too(
    site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch, part: str, guard: Guard
) -> None:
    """On the way to it, or while its own failure is told: the server answers 500, and whoever measures sees one."""

    def broken(*_: object) -> None:
        raise KeyError(part)

    monkeypatch.setattr(Dispatcher, part, broken)
    async with _browser(site, guard, []) as client:
        with pytest.raises(KeyError, match=part):
            await client.get("/broken")
    assert site.door.measures.answers == {("unknown", 500): 1}
    assert site.door.measures.server.requests == {"programs": 0, "people": 0}
