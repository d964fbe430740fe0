"""The look before the browser opens: what a provider refuses with a page is told, and everything else lets it open."""

import pytest

from genkan.app import App, Link, MemoryVault, SetUpWrong, preflight
from genkan.app.outcomes import SiteSetUpWrong
from genkan.app.steps import Answer, Ask, Loss, Lost, Step
from genkan.testing import AppLink, Permission, Setup, SiteDouble
from genkan.wire import managed
from genkan.wire.refusal_pages import NOBODY, same_words
from tests.app.by_hand import APP, BASE, CLIENT, a_site, drive, page
from tests.app.conftest import Chance

LOGIN = page(302, location=f"{BASE}/login.jsp?from=here")
UNKNOWN = page(400, "<h1>Something went wrong</h1><p>No application of this id is registered here. 17:04</p>")
REDIRECT = page(400, "<h1>Something went wrong</h1><p>This address was never agreed upon with the application.</p>")


def looked(
    own: Answer | Lost, unknown: Answer | Lost = UNKNOWN, redirect_uri: str = APP, plain: Answer | Lost = LOGIN
) -> str | None:
    """What is told where the app's own request is answered so, and those of an unknown client and to `/` otherwise."""

    def script(step: Step) -> object:
        assert isinstance(step, Ask)
        assert step.method == "GET"
        if step.url == f"{BASE}/":
            return plain
        return unknown if NOBODY in step.url else own

    found = drive(preflight.look(a_site(), redirect_uri, Chance()), script)
    return found.sentence if isinstance(found, SiteSetUpWrong) else found


def test_a_client_that_nobody_knows() -> None:
    """The same page as for a client that nobody registered, numbers and times left out: the id is wrong."""
    told = looked(page(400, "<h1>Something went wrong</h1><p>No application of this id is registered here. 17:05</p>"))
    assert told is not None
    assert CLIENT in told
    assert "does not know the client id" in told


def test_a_redirect_that_is_not_registered() -> None:
    """Another page than for an unknown client: the client is known, and the redirect is what is refused."""
    told = looked(REDIRECT)
    assert told is not None
    assert f"the redirect address {APP}" in told
    loopback = looked(REDIRECT, redirect_uri="http://127.0.0.1:49152/oauth-callback")
    assert loopback is not None
    assert "http://127.0.0.1/oauth-callback:" in loopback, "as it is to be registered, without the port of this sign-in"


def test_no_provider_at_all() -> None:
    """A page that is not there for anybody: there is no sign-in of this kind."""
    told = looked(page(404), page(404))
    assert told is not None
    assert "no sign-in by OAuth 2.0" in told


@pytest.mark.parametrize("unknown", [LOGIN, Lost(Loss.INTERRUPTED, "broken")])
def test_a_refusal_that_cannot_be_compared(unknown: Answer | Lost) -> None:
    """It is told, and nothing is guessed of its cause."""
    told = looked(REDIRECT, unknown)
    assert told is not None
    assert "status 400" in told


@pytest.mark.parametrize(
    "own",
    [
        LOGIN,
        page(200, "<form>Sign in</form>"),
        page(302, location="https://sso.example/"),
        page(302, location=f"{APP}?code=c&state=somebody-elses"),
        page(302),
        page(401),
        page(403),
        page(429),
        page(503),
        Lost(Loss.UNREACHABLE, "away"),
        Lost(Loss.CLIENT_CERTIFICATE, "a certificate is asked for"),
    ],
)
def test_everything_else_is_the_browsers(own: Answer | Lost) -> None:
    """Sign-in pages, gateways and whatever a person may get past: nothing is taken for a fault."""
    assert looked(own) is None


@pytest.mark.parametrize("status", [400, 404])
def test_a_refusal_of_programs_is_the_browsers(status: int) -> None:
    """What stands in front and answers any path alike says nothing of the sign-in; a refusal at one path does."""
    blocked = page(status, "<h1>Request blocked</h1><p>Ask the help desk about 4711.</p>")
    assert looked(blocked, blocked, plain=blocked) is None
    assert looked(REDIRECT, plain=page(400, "<h1>Something that is not here was asked for</h1>")) is not None
    assert looked(REDIRECT, plain=Lost(Loss.INTERRUPTED, "broken")) is not None


def test_a_certificate_for_one_path_is_the_browsers() -> None:
    """A web server that wants a person's certificate for the sign-in alone refuses a program with 400."""
    wanted = page(400, "<title>400 No required SSL certificate was sent</title><center>nginx</center>")
    assert looked(wanted, wanted) is None


def test_an_address_of_ones_own_is_not_asked_about() -> None:
    """What is not registered by the site's own word is refused before anything is sent."""
    assert (
        drive(preflight.look(a_site(), "https://elsewhere.example/", Chance()), lambda _: pytest.fail("asked")) is None
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("<p>Unknown client</p>", "<div>Unknown client</div>", True),
        ("Unknown client, request 4711", "Unknown client, request 4712", True),
        ("Unbekannte Anwendung", "Unbekannte Anwendung", True),
        ("The redirect of this request is not registered", "The application of this id does not exist here", False),
        ("", "<html></html>", True),
    ],
)
def test_pages_are_compared_by_their_words(one: str, other: str, same: bool) -> None:
    """Markup, numbers and what is made anew each time do not count."""
    assert same_words(one, other) is same


class Nobody:
    """A browser that must not open."""

    redirect_uri = APP

    def open_door(self, redirect_uris: object) -> "Nobody":
        return self

    def visit(self, asked: object) -> object:
        return pytest.fail("the browser opened")

    def close(self) -> None:
        """Nothing is open."""


def told_at(site: SiteDouble, **how: object) -> SetUpWrong:
    """What the library says at a real site, the doctor included."""
    app = App(vault=MemoryVault(), agent=Nobody(), managed=how.get("managed"))  # type: ignore[arg-type]
    with pytest.raises(SetUpWrong) as told:
        app.connect(site.base_url, link=how.get("link", Link()))  # type: ignore[arg-type]
    assert isinstance(told.value.problem, SiteSetUpWrong)
    return told.value


def test_a_wrong_client_id_at_a_site_of_ours(genkan_site: SiteDouble) -> None:
    """MDM names an id that the site does not know: the sentence, and the doctor's, instead of a wait."""
    entry = [{"baseURL": genkan_site.base_url, "oauth": {"clientID": "0" * 32}}]
    told = told_at(genkan_site, managed=managed.parse_value(entry))
    assert "does not know the client id" in str(told)
    assert "genkan check says: " in told.advice
    assert "Copy the client id anew" in told.advice


def test_a_wrong_redirect_at_a_site_of_ours(make_genkan_site: object) -> None:
    """A program's own link without the redirect that the program waits at."""
    setup = Setup(links=(AppLink("Mine", ("jira-server://another",), Permission.WRITE),))
    site = make_genkan_site(setup)  # type: ignore[operator]
    told = told_at(site, link=Link(site.links["Mine"].client_id, redirect_uris=(APP,)))
    assert f"redirect address {APP}" in str(told)
    assert f"Add {APP} to the redirect URLs" in told.advice


def test_a_permission_that_the_link_does_not_give(make_genkan_site: object) -> None:
    """What travels back to the app without asking anybody is heard before the browser opens as well."""
    setup = Setup(links=(AppLink("Mine", (APP,), Permission.READ),))
    site = make_genkan_site(setup)  # type: ignore[operator]
    told = told_at(site, link=Link(site.links["Mine"].client_id, redirect_uris=(APP,), scope="ADMIN"))
    assert "does not give ADMIN" in str(told)
    assert "Set the permission of the link" in told.advice
