"""The five routes of the app (product.md), each with both of its ends, at the host's root and below a context path."""

import json
from collections.abc import Awaitable, Callable

import pytest

from genkan.app.choice import entry_of
from genkan.app.outcomes import (
    GatewayInTheWay,
    Kept,
    Ready,
    Retry,
    Route,
    SignInAgain,
    SiteSetUpWrong,
    SwitchedOff,
    TooOld,
    WrongAddress,
)
from genkan.app.startup import Broken, plan
from genkan.app.steps import Answer
from genkan.protocol import links
from genkan.protocol.outcomes import Change
from genkan.protocol.records import Link, Standing
from genkan.wire import managed
from genkan.wire.managed import SiteEntry
from tests.pair.gateway import SSO, Gateway, OldSite
from tests.pair.world import INFO, MYSELF, TOKEN, LoopBrowser, Phone, a_person, query_of, seen_phones
from tests.site.world import SiteUnderTest, close_site, open_site


def delivered(*entries: dict[str, object]) -> managed.Managed:
    """What MDM brings to the phone: the value as text, read by the phone."""
    return managed.parse(json.dumps(entries))


def only_entry(value: managed.Managed) -> SiteEntry:
    """The one site that MDM delivered."""
    assert value.findings == ()
    entry = entry_of(value, None)
    assert isinstance(entry, SiteEntry)
    return entry


async def is_signed_in(phone: Phone) -> bool:
    """Whether the phone's session is kept, named, and answered by the site."""
    answer = await (await phone.session()).whoami()
    assert isinstance(answer, Answer), answer
    return answer.status == 200 and json.loads(answer.body)["name"] == "alice"


async def turn_off(site: SiteUnderTest, link: Link, *, sign_out: bool = False) -> None:
    change = links.turn_mobile_off(await site.store.site(), link, sign_out, "test", site.env())
    assert await site.store.apply(change)


@pytest.mark.parametrize("switch_on", [True, False])
async def test_route_1_mdm_with_oauth(any_site: SiteUnderTest, switch_on: bool) -> None:
    """MDM names the client id: the phone signs in whether or not the switch is on, since the link is what counts."""
    await any_site.make_account()
    link = await any_site.turn_mobile_on()
    if not switch_on:
        await turn_off(any_site, link)
    value = delivered({"title": "Ours", "baseURL": any_site.base, "oauth": {"clientID": link.client_id}})
    entry = only_entry(value)
    phone = Phone(any_site)
    found = await phone.discover(entry.base_url, entry=entry)
    assert isinstance(found, Ready)
    assert found.route is Route.MANAGED_OAUTH
    assert isinstance(await phone.sign_in(found, a_person(any_site)), Kept)
    assert await is_signed_in(phone)
    assert (await phone.kept()).label == f"alice at Ours ({any_site.base})"


async def test_route_1_with_a_wrong_client_id(any_site: SiteUnderTest) -> None:
    """The site does not know the application: the app says so before a browser opens on a page that answers nobody."""
    await any_site.make_account()
    await any_site.turn_mobile_on()
    entry = only_entry(delivered({"baseURL": any_site.base, "oauth": {"clientID": "38843a89f2b02a471000bc022e4b9de8"}}))
    phone = Phone(any_site)
    found = await phone.discover(entry.base_url, entry=entry)
    person = a_person(any_site)
    refused = await phone.sign_in(found, person)
    assert isinstance(refused, SiteSetUpWrong)
    assert "does not know the client id 38843a89f2b02a471000bc022e4b9de8" in refused.sentence
    assert person.visited == []
    assert await seen_phones(any_site) == []
    assert await phone.sessions.saved() == ()


@pytest.mark.parametrize(("cached", "stays"), [(False, False), (True, True)])
async def test_route_1_decides_about_the_browsers_session(site: SiteUnderTest, cached: bool, stays: bool) -> None:
    """cacheSessionInMobileBrowser: true leaves the browser signed in, false leaves nothing and asks anew every time."""
    await site.make_account()
    link = await site.turn_mobile_on()
    oauth = {"clientID": link.client_id, "cacheSessionInMobileBrowser": cached}
    entry = only_entry(delivered({"baseURL": site.base, "oauth": oauth}))
    browser = LoopBrowser(site.browser())
    phone = Phone(site)
    found = await phone.discover(entry.base_url, entry=entry)
    assert isinstance(await phone.sign_in(found, a_person(site, browser=browser)), Kept)
    again = a_person(site, browser=browser)
    assert isinstance(await phone.sign_in(found, again), Kept)
    assert ("Sign in" in again.pages[0]) is not stays
    home = await browser.client.get(site.base + "/account/apps")
    assert (home.status_code == 200) is stays


async def test_route_2_mdm_without_oauth(any_site: SiteUnderTest) -> None:
    """MDM only pre-populates: the client id comes from info/login while the switch is on."""
    await any_site.make_account()
    await any_site.turn_mobile_on()
    entry = only_entry(delivered({"title": "Ours", "baseURL": any_site.base}))
    phone = Phone(any_site)
    found = await phone.discover(entry.base_url, entry=entry)
    assert isinstance(found, Ready)
    assert found.route is Route.MANAGED_SWITCH
    assert isinstance(await phone.sign_in(found, a_person(any_site)), Kept)
    assert await is_signed_in(phone)


async def test_route_2_with_the_switch_off(any_site: SiteUnderTest) -> None:
    """Pre-populated and nothing announced: no browser opens, and the sentence names where the switch is."""
    await any_site.make_account()
    entry = only_entry(delivered({"title": "Ours", "baseURL": any_site.base}))
    refused = await Phone(any_site).discover(entry.base_url, entry=entry)
    assert isinstance(refused, SwitchedOff)
    assert refused.sentence == (
        f"OAuth 2.0 for the app is switched off at {any_site.base}: its administrator turns it on under Settings, "
        "System, Mobile app, or on a Genkan site with genkan mobile on."
    )


async def test_route_3_typed_address(any_site: SiteUnderTest) -> None:
    """A typed address and the switch on: signed in with what the site announces, scope and endpoints included."""
    await any_site.make_account()
    link = await any_site.turn_mobile_on()
    phone = Phone(any_site)
    found = await phone.discover(any_site.base + "/")
    assert isinstance(found, Ready)
    assert (found.route, found.notes) == (Route.TYPED_SWITCH, ())
    assert (found.site.client_id, found.site.scope) == (link.client_id, "WRITE")
    assert (found.site.issuer, found.site.issuer_promised) == (any_site.base, True)
    person = a_person(any_site)
    assert isinstance(await phone.sign_in(found, person), Kept)
    asked = query_of(person.visited[0])
    assert (asked["redirect_uri"], asked["code_challenge_method"]) == ("jira-server://oauth-callback", "S256")
    assert await is_signed_in(phone)


async def test_route_3_with_a_wrong_address(any_site: SiteUnderTest) -> None:
    """A path that is no site is told as a wrong address, and the context path is named as what may be missing."""
    await any_site.turn_mobile_on()
    refused = await Phone(any_site).discover(any_site.base + "/wrong")
    assert isinstance(refused, WrongAddress)
    assert refused.sentence == (
        f"No site was found at {any_site.base}/wrong: check the address, context path included."
    )


@pytest.mark.parametrize("page", ["/login", "/secure/Dashboard.jspa", "/account/apps"])
async def test_route_3_with_the_address_of_a_page(any_site: SiteUnderTest, page: str) -> None:
    """An address copied from the browser is told as that of a page, and the site's own is named."""
    await any_site.turn_mobile_on()
    refused = await Phone(any_site).discover(any_site.base + page)
    sentence = f"{any_site.base}{page} is the address of a page: use {any_site.base}, the site's own."
    assert refused == WrongAddress(sentence, any_site.base)


async def test_route_4_gateway_tells_to_use_mdm(any_site: SiteUnderTest) -> None:
    """info/login redirected to a gateway's sign-in: the sentence names MDM and the exact path to exempt."""
    await any_site.turn_mobile_on()
    phone = Phone(any_site, app=Gateway(any_site.app))
    refused = await phone.discover()
    assert isinstance(refused, GatewayInTheWay)
    path = any_site.door.public.path + INFO
    assert (refused.exempt_path, refused.sent_to) == (path, SSO)
    assert refused.sentence == (
        f"Something in front of {any_site.base} keeps anonymous callers out and sends them to {SSO}: use the MDM "
        f"set-up, or give the client id by hand; or exempt the path {path} from its sign-in."
    )


async def test_route_4_gateway_with_mdm(any_site: SiteUnderTest) -> None:
    """With the client id from MDM the same gateway lets the person through in the browser, and the app signs in."""
    await any_site.make_account()
    link = await any_site.turn_mobile_on()
    gateway = Gateway(any_site.app, exempt=("/rest/oauth2/", "/rest/api/"))
    entry = only_entry(delivered({"baseURL": any_site.base, "oauth": {"clientID": link.client_id}}))
    phone = Phone(any_site, app=gateway)
    found = await phone.discover(entry.base_url, entry=entry)
    assert isinstance(found, Ready)
    browser = LoopBrowser(gateway.browser(any_site))
    assert isinstance(await phone.sign_in(found, a_person(any_site, browser=browser)), Kept)
    assert await is_signed_in(phone)


async def test_route_4_gateway_before_the_token_endpoint(any_site: SiteUnderTest) -> None:
    """A gateway that also keeps the app from exchanging its code is named, and no session is kept."""
    await any_site.make_account()
    link = await any_site.turn_mobile_on()
    gateway = Gateway(any_site.app, exempt=("/rest/oauth2/latest/authorize",))
    entry = only_entry(delivered({"baseURL": any_site.base, "oauth": {"clientID": link.client_id}}))
    phone = Phone(any_site, app=gateway)
    found = await phone.discover(entry.base_url, entry=entry)
    refused = await phone.sign_in(found, a_person(any_site, browser=LoopBrowser(gateway.browser(any_site))))
    assert isinstance(refused, Retry)
    assert refused.sentence.startswith(f"Something else answers in place of {any_site.base}")
    assert await phone.sessions.saved() == ()


async def test_route_5_switched_off(any_site: SiteUnderTest) -> None:
    """Off after it was on: told so for a typed address; on again it is the same link and the phone signs in."""
    await any_site.make_account()
    link = await any_site.turn_mobile_on()
    await turn_off(any_site, link)
    phone = Phone(any_site)
    refused = await phone.discover()
    assert isinstance(refused, SwitchedOff)
    assert "switched off" in refused.sentence
    on = links.turn_mobile_on(await any_site.store.site(), link, "test", any_site.env())
    assert isinstance(on, Change)
    assert await any_site.store.apply(on)
    found = await phone.discover()
    assert isinstance(found, Ready)
    assert found.site.client_id == link.client_id
    assert isinstance(await phone.sign_in(found, a_person(any_site)), Kept)


@pytest.mark.parametrize(
    ("version", "told"), [("9.4.0", "9.12.14"), ("10.0.5", "10.1.0"), ("10.3.0", "mobile plugin is too old")]
)
async def test_route_5_too_old(any_site: SiteUnderTest, version: str, told: str) -> None:
    """A site without info/login says its version, and the app says which one it takes, or what is missing in it."""
    phone = Phone(any_site, app=OldSite(any_site.app, version))
    refused = await phone.discover()
    assert isinstance(refused, TooOld)
    assert told in refused.sentence
    assert any_site.base in refused.sentence or version in refused.sentence


async def test_a_broken_value_is_pointed_at_and_a_typed_address_still_works(any_site: SiteUnderTest) -> None:
    """M8: one entry is broken: it is named, the good one is offered, and the site can be typed by hand."""
    await any_site.make_account()
    await any_site.turn_mobile_on()
    value = delivered({"title": "Ours", "baseURL": any_site.base}, {"title": "Theirs", "baseUrl": "https://b.example"})
    phone = Phone(any_site)
    screen = plan(value, (), phone.now())
    assert isinstance(screen, Broken)
    (problem,) = screen.problems
    assert (problem.entry, problem.pointer, problem.severity) == (1, "/1/baseUrl", "error")
    assert [choice.base_url for choice in screen.choices] == [any_site.base]
    for text in ("", "null", '{"sites": 3}', "[{]", '[{"baseURL": "ftp://x"}]'):
        screen = plan(managed.parse(text), (), phone.now())
        assert isinstance(screen, Broken), text
        assert screen.problems
        assert screen.problems[0].problem
    assert isinstance(await phone.sign_in(await phone.discover(), a_person(any_site)), Kept)


async def test_the_switch_goes_off_on_the_way(site: SiteUnderTest) -> None:
    """Off without sign-out between discovery and sign-in: who knows the client id goes on."""
    await site.make_account()
    link = await site.turn_mobile_on()
    phone = Phone(site)
    found = await phone.discover()
    await turn_off(site, link)
    assert isinstance(await phone.sign_in(found, a_person(site)), Kept)


async def test_the_switch_goes_off_with_sign_out_on_the_way(site: SiteUnderTest) -> None:
    """Off with sign-out between discovery and sign-in: the app says so before a browser opens, nobody is signed in."""
    await site.make_account()
    link = await site.turn_mobile_on()
    phone = Phone(site)
    found = await phone.discover()
    await turn_off(site, link, sign_out=True)
    person = a_person(site)
    refused = await phone.sign_in(found, person)
    assert isinstance(refused, SiteSetUpWrong)
    assert "or the link enabled where it is not" in refused.sentence
    assert person.visited == []
    assert await seen_phones(site) == []


async def disabled(site: SiteUnderTest, link: Link) -> None:
    change = links.set_standing(link, Standing.DISABLED, "test", site.env())
    assert isinstance(change, Change)
    assert await site.store.apply(change)


async def everyone_signed_out(site: SiteUnderTest, link: Link) -> None:
    assert await site.store.apply(links.sign_out_all(link, "test", site.env()))


@pytest.mark.parametrize(
    ("stop", "refused"),
    [
        (
            disabled,
            SiteSetUpWrong(
                "https://site.example refuses the app (unauthorized_client): its application link needs checking. "
                "It says: This application is switched off on this site at the moment."
            ),
        ),
        (
            everyone_signed_out,
            SignInAgain(
                "https://site.example did not accept the sign-in code: sign in again. "
                "It says: The authorization code is not valid any more."
            ),
        ),
    ],
)
async def test_the_link_stops_while_the_code_is_on_its_way(
    site: SiteUnderTest, stop: Callable[[SiteUnderTest, Link], Awaitable[None]], refused: object
) -> None:
    """Stopped between the browser's answer and the exchange: nothing is kept, and the sentence says what it was."""
    await site.make_account()
    link = await site.turn_mobile_on()
    phone = Phone(site)
    found = await phone.discover()
    assert await phone.sign_in(found, a_person(site), meanwhile=lambda: stop(site, link)) == refused
    assert await phone.sessions.saved() == ()
    assert await seen_phones(site) == []


async def test_consent_denied(any_site: SiteUnderTest) -> None:
    """The person denies: the app says so, nothing is kept, and no phone is shown."""
    await any_site.make_account()
    await any_site.turn_mobile_on()
    phone = Phone(any_site)
    refused = await phone.sign_in(await phone.discover(), a_person(any_site, decision="deny"))
    assert refused == SignInAgain(f"No sign-in at {any_site.base}: The request was denied.")
    assert await seen_phones(any_site) == []
    assert not any(path.endswith(TOKEN) for path in phone.line.paths())


async def test_a_wrong_password_then_the_right_one(any_site: SiteUnderTest) -> None:
    """A wrong password costs one more form and nothing else."""
    await any_site.make_account()
    await any_site.turn_mobile_on()
    phone = Phone(any_site)
    person = a_person(any_site, "not this one", "correct horse battery")
    assert isinstance(await phone.sign_in(await phone.discover(), person), Kept)
    assert [title.partition(" – ")[0] for title in person.pages][:2] == ["Sign in", "Error: Sign in"]
    assert phone.line.paths()[-1].endswith(MYSELF)


async def test_the_wrong_password_only(site: SiteUnderTest) -> None:
    """Who does not know the password and gives up is not signed in, and the app says that it was broken off."""
    await site.make_account()
    await site.turn_mobile_on()
    phone = Phone(site)
    refused = await phone.sign_in(await phone.discover(), a_person(site, "no", "no again"))
    assert refused == SignInAgain("The sign-in was broken off: start it again.")
    assert await seen_phones(site) == []


async def test_a_site_known_by_another_address(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Reached under an address that is not its base URL, the site names its own and the app suggests it."""
    from tests.site.world import TestClock

    site = await open_site(tmp_path_factory.mktemp("site"), TestClock())
    try:
        await site.turn_mobile_on()
        refused = await Phone(site).discover("https://other.example")
        assert isinstance(refused, WrongAddress)
        assert refused.suggestion == site.base
        assert isinstance(await Phone(site).discover(refused.suggestion), Ready)
    finally:
        await close_site(site)
