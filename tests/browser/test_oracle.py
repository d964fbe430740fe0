"""The browser as the judge of markup in values: every page is visited, and nothing of it may run."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest

from tests.browser.hostile import ALL, MARK, MARKUP
from tests.browser.serving import PASSWORD
from tests.browser.walking import at, drift, heading, press, said, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.async_api import Page

    from tests.browser.serving import Served
    from tests.browser.showing import Exhibition
    from tests.browser.watching import Watch

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium")]


async def test_markup_in_values_never_runs(page: Page, watch: Watch, shown: Exhibition) -> None:
    """On every page with markup in every value nothing runs, and no security policy has to step in."""
    for name in shown.names:
        await page.goto(shown.hostile(name))
        await watch.look(page)
        shows_it = "7 * 7" in await page.content() or "7%20%2A%207" in await page.content()
        assert shows_it or name in NOTHING_CHOSEN, name
        assert page.url == shown.hostile(name), "no markup leads away"


# Pages on which nobody but the site itself has chosen a value.
NOTHING_CHOSEN = {
    "home", "home-not-set-up", "signed-out", "error-not-found", "error-busy", "certificate-none",
    "phone-check", "phone-check-view", "phone-check-away", "phone-checked-first", "phone-checked-ready",
    "phone-checked-broken", "phone-checked-unscripted",
}  # fmt: skip


async def test_the_oracle_sees_markup_that_runs(page: Page, shown: Exhibition) -> None:
    """The same page unescaped and without a policy leaves the mark: the oracle would have seen it."""
    await page.goto(shown.unescaped("consent", policy=False))
    assert await page.evaluate(f"window.{MARK}") > 0


async def test_the_policy_holds_where_escaping_is_missing(page: Page, shown: Exhibition) -> None:
    """The same page unescaped, but with its policy, runs nothing, and the browser reports what it kept from running."""
    from tests.browser.watching import Watch

    watch = Watch(page.context)
    await page.goto(shown.unescaped("consent", policy=True))
    assert await page.evaluate(f"window.{MARK}") is None
    assert watch.faults != []


@pytest.fixture(scope="module")
def hostile_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A site whose title and whose administrator's names are markup."""
    from tests.browser.serving import Served

    folder: Path = tmp_path_factory.mktemp("hostile")
    served = Served(folder, GENKAN_SITE_TITLE=MARKUP["title"])
    try:
        served.set_up(username=MARKUP["picture"], display_name=MARKUP["script"] + MARKUP["attribute"])
        yield served
    finally:
        served.stop()


async def test_a_site_full_of_markup_runs_none(page: Page, watch: Watch, hostile_site: Served) -> None:
    """Title, user name, display name, state and parameters full of markup: each real page shows them and runs none."""
    asked = hostile_site.authorize_url(state=ALL)
    await page.goto(asked)
    await watch.look(page)
    await sign_in(page, MARKUP["vector"], "wrong all the way")
    assert await page.get_by_label("User name").input_value() == MARKUP["vector"]
    await watch.look(page)
    await sign_in(page, MARKUP["picture"])
    name = MARKUP["script"] + MARKUP["attribute"]
    await page.get_by_text(name).wait_for()
    await watch.look(page)
    await page.get_by_role("link", name="Show the answer’s address instead").click()
    await press(page, "Allow")
    address = await page.get_by_label("The answer’s address").input_value()
    assert urlencode({"state": ALL}).replace("+", "%20") in address.replace("+", "%20")
    await watch.look(page)
    for path in ("/", "/account/apps", "/setup/done", "/admin", "/admin/links", "/admin/links/create"):
        await page.goto(hostile_site.base + path)
        await page.get_by_text(name).wait_for()
        await watch.look(page)


async def test_applications_and_people_full_of_markup_run_none(page: Page, watch: Watch, hostile_site: Served) -> None:
    """A link's name, its redirect, a person made by command and a user agent: shown as they are, run nowhere."""
    link = hostile_site.link(MARKUP["picture"], "https://client.example/cb?y='onload=1'")
    added = hostile_site.run(
        "user", "add", MARKUP["vector"], "--password-stdin", "--name", MARKUP["form"], given=PASSWORD
    )
    assert added.returncode == 0, added.stderr
    await page.goto(hostile_site.authorize_url(link["redirects"][0], ALL, client_id=link["clientId"]))
    await page.get_by_text(MARKUP["picture"]).wait_for()
    await watch.look(page)
    await sign_in(page, MARKUP["vector"])
    for words in (MARKUP["picture"], MARKUP["form"], link["redirects"][0]):
        assert words in await said(page)
    await watch.look(page)
    async with page.expect_request(lambda request: request.url.startswith("https:")) as answered:
        await press(page, "Allow")
    [code] = parse_qs(urlsplit((await answered.value).url).query)["code"]
    hostile_site.redeem(code, link, MARKUP["script"])
    page = await page.context.new_page()
    await page.goto(hostile_site.base + "/account/apps")
    assert MARKUP["picture"] in await said(page)
    assert MARKUP["script"].partition("/")[0][:40] in await said(page)
    await watch.look(page)


async def test_audit_keys_and_health_full_of_markup_run_none(page: Page, watch: Watch, hostile_site: Served) -> None:
    """What administrators are told of links, keys, actors and details that are markup."""
    hostile_site.link(MARKUP["form"], "https://lax.example/cb?y='onload=1'", "--consent", "remember")
    made = hostile_site.run("api-key", "create", MARKUP["script"])
    assert made.returncode == 0, made.stderr
    await page.goto(hostile_site.base + "/admin/audit")
    await sign_in(page, MARKUP["picture"])
    for path, words in (("/admin/audit", MARKUP["script"]), ("/admin/audit", MARKUP["form"]),
                        ("/admin/api-keys", MARKUP["script"]), ("/admin/health", MARKUP["form"])):  # fmt: skip
        await page.goto(hostile_site.base + path)
        assert words in await said(page)
        await watch.look(page)
    hostile = urlencode(
        {"actor": ALL, "person": ALL, "text": ALL, "kind": ALL, "link": ALL, "since": ALL, "order": ALL}
    )
    await page.goto(f"{hostile_site.base}/admin/audit?{hostile}")
    assert await page.get_by_label("Text", exact=True).input_value() == ALL[:200].strip()
    await watch.look(page)


async def test_markup_in_a_parameter_of_the_request_runs_nowhere(page: Page, watch: Watch, site: Served) -> None:
    """Whichever parameter of an authorization request is markup, the page about it is ours and runs nothing."""
    address, _, query = site.authorize_url().partition("?")
    for place, title in PARAMETERS.items():
        await drift(page, f"{address}?{urlencode({**dict(parse_qsl(query)), place: ALL})}")
        await at(page, title)
        assert page.url.startswith(address), place
        await watch.look(page)


# An error that may travel goes to the app's page, any other one is told here.
PARAMETERS = {
    "client_id": "This did not work",
    "redirect_uri": "This did not work",
    "response_type": "Return to the app",
    "scope": "Return to the app",
    "code_challenge": "Return to the app",
    "code_challenge_method": "Return to the app",
}


async def test_markup_in_an_address_runs_nowhere(page: Page, watch: Watch, site: Served) -> None:
    """Markup in a path or in the parameters of our own pages runs nothing."""
    words = urlencode({"username": ALL, "next": MARKUP["address"], "interaction": ALL, "error": ALL, "note": ALL})
    for path in ("/login?", "/setup/", "/nowhere/", "/plugins/servlet/oauth2/consent?", "/static/0/"):
        await page.goto(site.base + path + words)
        assert await heading(page), path
        await watch.look(page)
    # What programs ask is answered in JSON, which a browser shows as text.
    await page.goto(f"{site.base}/rest/oauth2/latest/authorize/{words}")
    await watch.look(page)
