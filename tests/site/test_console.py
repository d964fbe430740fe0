"""The entrance to console and account pages: who comes in, what is asked of whom, and that nothing typed is lost."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from genkan.protocol.env import CLOCK_LEEWAY, HOUR, MINUTE, SECOND
from genkan.site import console
from genkan.site.answer import Answer
from genkan.site.app import route_table
from genkan.site.dispatch import Dispatcher
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.peer import Peers
from genkan.site.received import Received
from genkan.site.routes import DANGEROUS, Guard, Rule, Undeclared, Who, checked
from genkan.wire.scopes import Permission
from tests.site.world import PASSWORD, SiteUnderTest, TestClock, close_site, forms_of, open_site

FORM = "/admin/probe"
RECENT = "/admin/probe/delete"
VALUES: dict[str, object] = {
    "mobile_on": True, "mobile_url": "", "links": 0, "disabled_links": 0, "links_url": "", "newest": [],
    "phones_url": "", "refused": [], "refusals_url": "", "unsettled": 0,
}  # fmt: skip


class Probe:
    """A page with a form, a page that needs a recent sign-in, and what reached them."""

    def __init__(self) -> None:
        self.acted: list[dict[str, str]] = []
        self.shown: list[dict[str, str]] = []

    async def form(self, received: Received, door: Door) -> Answer:
        inside = await console.entrance(received, door)
        if isinstance(inside, Answer):
            return inside
        if received.method == "POST" and not inside.again:
            self.acted.append(inside.form)
            return console.done(door, FORM, Flash.SAVED)
        self.shown.append(inside.form)
        return console.page(inside, door, "admin.html", VALUES)

    async def button(self, received: Received, door: Door) -> Answer:
        inside = await console.entrance(received, door, back=FORM)
        if isinstance(inside, Answer):
            return inside
        if inside.again:
            return console.once_more(door, FORM)
        self.acted.append(inside.form)
        return console.done(door, FORM, Flash.SAVED)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """A form that may be sent by a browser left alone, and one that may not."""
        who = Who.ADMINISTRATOR
        return (
            Rule(FORM, ("GET",), self.form, who, Guard.PAGE, "A form."),
            Rule(FORM, ("POST",), self.form, who, Guard.FORM, "Sends it.", recent=False),
            Rule(FORM + "/button", ("POST",), self.button, who, Guard.FORM, "A button.", recent=False),
            Rule(RECENT, ("GET",), self.form, who, Guard.PAGE, "Asks.", recent=True),
            Rule(RECENT, ("POST",), self.form, who, Guard.FORM, "Does it.", recent=True),
        )


class ProbedSite:
    """A site with the probe's pages among its own, and an administrator who is signed in."""

    def __init__(self, site: SiteUnderTest, probe: Probe) -> None:
        self.site = site
        self.probe = probe
        self.client = site.client

    async def token(self, path: str = FORM) -> str:
        page = await self.client.get(self.site.base + path)
        return next(fields["page_token"] for _, fields in forms_of(page.text) if "page_token" in fields)

    async def post(self, path: str, **fields: str) -> httpx2.Response:
        return await self.client.post(self.site.base + path, data=fields)

    async def send(self, page: httpx2.Response, ending: str, **typed: str) -> httpx2.Response:
        """Fill in the form of a page whose action ends so, and send it."""
        action, fields = next(found for found in forms_of(page.text) if found[0].endswith(ending))
        return await self.client.post(self.site.absolute(action), data={**fields, **typed})


@pytest.fixture
async def probed(tmp_path: object) -> AsyncIterator[ProbedSite]:
    """alice administers and is signed in."""
    site = await open_site(tmp_path, TestClock())  # type: ignore[arg-type]
    probe = Probe()
    app = Dispatcher(site.door, (*route_table(site.base), *probe.rules), Peers((), ""), lambda: 0.0)
    await site.client.aclose()
    site.app, site.client = app, httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=site.base)
    await site.make_account("alice", Permission.ADMIN)
    await site.sign_in("alice")
    yield ProbedSite(site, probe)
    await close_site(site)


def leads_to(answer: httpx2.Response) -> tuple[str, str]:
    """Where an answer redirects to: path, and the address that follows after sign-in."""
    to = urlsplit(answer.headers["location"])
    return to.path, parse_qs(to.query).get("next", [""])[0]


async def test_a_stranger_signs_in_and_comes_back_to_the_page(probed: ProbedSite) -> None:
    """Whoever is not signed in is led to sign-in, and from there to the page with its parameters."""
    stranger = probed.site.browser()
    answer = await stranger.get(f"{probed.site.base}{FORM}?filter=a%26b")
    assert leads_to(answer) == ("/login", f"{probed.site.base}{FORM}?filter=a%26b")
    page = await stranger.get(answer.headers["location"])
    action, fields = next(found for found in forms_of(page.text) if found[0].endswith("/login"))
    signed_in = await stranger.post(
        probed.site.absolute(action), data={**fields, "username": "alice", "password": PASSWORD}
    )
    assert signed_in.headers["location"] == f"{probed.site.base}{FORM}?filter=a%26b"


async def test_who_may_not_administer_is_told_so_and_may_be_somebody_else(probed: ProbedSite) -> None:
    """403 with the person's name; the button signs out and leads to sign-in on the way to the same page."""
    await probed.site.make_account("bob")
    await probed.site.sign_in("bob")
    page = await probed.client.get(probed.site.base + FORM)
    assert page.status_code == 403
    assert "bob" in page.text
    assert probed.probe.shown == []
    out = await probed.send(page, "/logout")
    assert leads_to(out) == ("/login", probed.site.base + FORM)
    assert leads_to(await probed.client.get(probed.site.base + FORM))[0] == "/login"


async def test_a_form_is_acted_on_once_its_page_token_holds(probed: ProbedSite) -> None:
    """With the token of the page the form is acted on; without it, or with another browser's, it is shown again."""
    good = await probed.post(FORM, page_token=await probed.token(), name="new")
    assert good.headers["location"] == f"{probed.site.base}{FORM}?done=saved"
    assert "Saved." in (await probed.client.get(good.headers["location"])).text
    bad = await probed.post(FORM, page_token="", name="new")
    assert (bad.status_code, "open too long" in bad.text) == (200, True)
    assert [form["name"] for form in probed.probe.acted] == ["new"]
    assert probed.probe.shown[-1]["name"] == "new"
    assert (await probed.post(FORM + "/button")).headers["location"].endswith(f"{FORM}?done=once-more")


async def test_the_address_brings_no_words_onto_a_page(probed: ProbedSite) -> None:
    """What was done is told by a word that is ours; any other says nothing."""
    for word in ("nonsense", "<b>x</b>", "", "SAVED"):
        page = await probed.client.get(probed.site.base + FORM, params={"done": word})
        assert 'class="flash"' not in page.text, word


async def test_a_form_from_elsewhere_is_refused(probed: ProbedSite) -> None:
    """A form that another origin makes the browser send does nothing, page token or not."""
    fields = {"page_token": await probed.token(), "name": "new"}
    answer = await probed.client.post(probed.site.base + FORM, data=fields, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert probed.probe.acted == []


async def test_nothing_typed_is_lost_when_the_session_is_over(probed: ProbedSite) -> None:
    """Sign-in is asked for with the fields sealed; afterwards they are shown, not sent, and can be sent as they are."""
    token = await probed.token()
    probed.site.env.advance(9 * HOUR)
    answer = await probed.post(FORM, page_token=token, name="what I typed", password="a secret", client_secret="s")
    assert answer.status_code == 401
    assert "what I typed" not in answer.text
    kept = await probed.send(answer, "/login", username="alice", password=PASSWORD)
    shown = await probed.send(kept, FORM)
    assert console.RESUMED in shown.text
    assert probed.probe.acted == []
    assert probed.probe.shown[-1] == {"name": "what I typed"}


async def test_a_wrong_password_keeps_what_was_typed(probed: ProbedSite) -> None:
    """The fields go on through as many tries as it takes."""
    token = await probed.token()
    probed.site.env.advance(9 * HOUR)
    answer = await probed.post(FORM, page_token=token, name="typed")
    answer = await probed.send(answer, "/login", username="alice", password="wrong")
    assert answer.status_code == 401
    kept = await probed.send(answer, "/login", username="alice", password=PASSWORD)
    await probed.send(kept, FORM)
    assert probed.probe.shown[-1] == {"name": "typed"}


async def test_kept_fields_are_used_late_or_elsewhere_in_vain(probed: ProbedSite) -> None:
    """Another browser, another person, another form, or an hour later: the form is shown empty. Twice harms nothing."""
    token = await probed.token()
    probed.site.env.advance(9 * HOUR)
    answer = await probed.post(FORM, page_token=token, name="typed")
    typed = next(fields["typed"] for _, fields in forms_of(answer.text) if "typed" in fields)
    await probed.site.make_account("carol", Permission.ADMIN)
    await probed.site.sign_in("carol")
    await probed.post(FORM, typed=typed)
    assert probed.probe.shown.pop() == {}, "another person"
    await probed.site.sign_in("alice")
    for _ in range(2):
        await probed.post(FORM, typed=typed)
        assert probed.probe.shown.pop() == {"name": "typed"}
    await probed.post(RECENT, typed=typed)
    assert probed.probe.shown.pop() == {}, "another form"
    other = probed.site.browser()
    await probed.site.sign_in("alice", browser=other)
    await other.post(probed.site.base + FORM, data={"typed": typed})
    assert probed.probe.shown.pop() == {}, "another browser"
    await probed.post(FORM, typed=typed[:-1] + ("A" if typed[-1] != "A" else "B"))
    assert probed.probe.shown.pop() == {}, "changed on the way"
    probed.site.env.advance(HOUR + MINUTE)
    await probed.post(FORM, typed=typed)
    assert probed.probe.shown.pop() == {}, "too late"
    assert probed.probe.acted == []


async def test_what_is_dangerous_asks_whether_it_is_still_you(probed: ProbedSite) -> None:
    """Within fifteen minutes of sign-in nothing is asked; later the password is, and then the way goes on."""
    assert (await probed.client.get(probed.site.base + RECENT)).status_code == 200
    probed.site.env.advance(15 * MINUTE)
    assert (await probed.client.get(probed.site.base + FORM)).status_code == 200
    asked = await probed.client.get(probed.site.base + RECENT)
    assert leads_to(asked) == ("/confirm", probed.site.base + RECENT)
    page = await probed.client.get(asked.headers["location"])
    wrong = await probed.send(page, "/confirm", password="wrong")
    assert wrong.status_code == 401
    assert leads_to(await probed.client.get(probed.site.base + RECENT))[0] == "/confirm"
    before = probed.client.cookies["__Host-genkan-session"]
    right = await probed.send(wrong, "/confirm", password=PASSWORD)
    assert right.headers["location"] == probed.site.base + RECENT
    assert probed.client.cookies["__Host-genkan-session"] != before
    assert (await probed.client.get(probed.site.base + RECENT)).status_code == 200


async def test_confirming_twice_goes_on_twice(probed: ProbedSite) -> None:
    """A double click on Confirm ends where one click does."""
    probed.site.env.advance(15 * MINUTE)
    page = await probed.client.get((await probed.client.get(probed.site.base + RECENT)).headers["location"])
    first = await probed.send(page, "/confirm", password=PASSWORD)
    assert (await probed.send(page, "/confirm", password=PASSWORD)).headers["location"] == first.headers["location"]


async def test_confirming_spends_the_budget_of_sign_in(probed: ProbedSite) -> None:
    """A browser left alone is no place to guess a password: the budget is used up, and then the right one fails too."""
    probed.site.env.advance(15 * MINUTE)
    page = await probed.client.get((await probed.client.get(probed.site.base + RECENT)).headers["location"])
    for _ in range(10):
        await probed.send(page, "/confirm", password="wrong")
    assert (await probed.send(page, "/confirm", password=PASSWORD)).status_code == 401
    assert leads_to(await probed.client.get(probed.site.base + RECENT))[0] == "/confirm"


async def test_a_dangerous_form_sent_late_is_shown_again_after_confirming(probed: ProbedSite) -> None:
    """What was typed comes back filled in; the act itself waits for its button."""
    token = await probed.token(RECENT)
    probed.site.env.advance(15 * MINUTE)
    asked = await probed.post(RECENT, page_token=token, overlap="60")
    assert asked.status_code == 401
    kept = await probed.send(asked, "/confirm", password=PASSWORD)
    await probed.send(kept, RECENT)
    assert probed.probe.acted == []
    assert probed.probe.shown[-1] == {"overlap": "60"}


async def test_confirming_needs_somebody_signed_in(probed: ProbedSite) -> None:
    """A stranger at the question is led to sign-in."""
    stranger = probed.site.browser()
    answer = await stranger.get(f"{probed.site.base}/confirm?next={probed.site.base}{RECENT}")
    assert leads_to(answer) == ("/login", probed.site.base + RECENT)
    assert (await stranger.post(f"{probed.site.base}/confirm", data={})).headers["location"].endswith("/login")


@pytest.mark.parametrize(("behind", "is_taken"), [(5 * SECOND, True), (CLOCK_LEEWAY, True), (CLOCK_LEEWAY + 1, False)])
async def test_a_node_that_is_behind_takes_what_another_has_just_made(
    probed: ProbedSite, behind: int, is_taken: bool
) -> None:
    """A sign-in there is a recent one here, and a page of there is none that was open too long, as far as clocks of
    nodes may differ; what is of the future beyond that is neither.
    """
    token = await probed.token()
    probed.site.env.advance(-behind)
    assert (await probed.client.get(probed.site.base + RECENT)).status_code == (200 if is_taken else 302)
    await probed.post(FORM, page_token=token, name="new")
    assert bool(probed.probe.acted) is is_taken


PAGES = [
    rule
    for rule in route_table("https://site.example")
    if rule.path.startswith("/admin") and rule.guard is not Guard.MACHINE
]


@pytest.mark.parametrize("rule", PAGES, ids=lambda rule: f"{rule.methods[0]} {rule.path}")
async def test_every_page_of_the_console_is_for_administrators(site: SiteUnderTest, rule: Rule) -> None:
    """A stranger is asked to sign in and a person without ADMIN is told no, whatever the address leads to."""
    path = "/".join("00" * 8 if part.startswith("{") else part for part in rule.path.split("/"))
    method = rule.methods[0]
    assert rule.who is Who.ADMINISTRATOR
    stranger = await site.browser().request(method, site.base + path)
    assert (stranger.status_code, stranger.headers.get("location", "/login").find("/login") >= 0) in (
        (302, True),
        (401, True),
    )
    await site.make_account("bob")
    await site.sign_in("bob")
    assert (await site.client.request(method, site.base + path)).status_code == 403


def test_a_form_says_whether_a_recent_sign_in_is_needed() -> None:
    """A form of somebody signed in that leaves it open does not start, nor a dangerous one that asks for none."""

    async def handler(received: Received, door: Door) -> Answer:
        raise AssertionError

    for who in (Who.PERSON, Who.ADMINISTRATOR):
        with pytest.raises(Undeclared):
            checked([Rule("/x", ("POST",), handler, who, Guard.FORM, "x")])
        for word in DANGEROUS:
            with pytest.raises(Undeclared):
                checked([Rule(f"/x/{word}", ("POST",), handler, who, Guard.FORM, "x", recent=False)])
            assert checked([Rule(f"/x/{word}", ("POST",), handler, who, Guard.FORM, "x", recent=True)])
