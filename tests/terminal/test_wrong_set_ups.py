"""`genkan app login` at a wrong set-up of each kind: the library's sentence, below it the doctor's first advice."""

import ssl

import pytest
import trustme

from genkan.app import App, AppTrouble, HandedAgent, Link, MemoryVault, SetUpWrong, TryLater
from genkan.cli.app_words import REFUSED
from genkan.testing import AppLink, Setup, SiteDouble
from genkan.wire.scopes import Permission
from tests.app.test_drive import tls_server
from tests.app.test_wrong_set_ups import REFUSALS, SITES
from tests.terminal.conftest import Ran, Terminal

APP = "jira-server://oauth-callback"
SILENT = {"the secret is wrong", "the grant is not given", "no client id is told"}
"""What only a sign-in meets, and what may be as it should: there the doctor calls nothing wrong, and says nothing."""


def told_by_the_library(url: str, agent: HandedAgent, link: Link | None = None) -> AppTrouble:
    with pytest.raises(AppTrouble) as told:
        App(vault=MemoryVault(), agent=agent).connect(url, link=link or Link())
    return told.value


def advice_below(ran: Ran, trouble: AppTrouble) -> list[str]:
    """The lines below the sentence, which is the library's, with the status that its kind has."""
    lines = ran.err.splitlines()
    (place,) = [number for number, line in enumerate(lines) if line.startswith("genkan app: ")]
    assert lines[place].startswith(f"genkan app: {trouble}")
    wrong = isinstance(trouble, SetUpWrong) and not isinstance(trouble.problem, REFUSED)
    assert (ran.status, ran.out) == (2 if wrong else 1, "")
    return lines[place + 1 :]


def is_the_librarys_advice(ran: Ran, trouble: AppTrouble, *, said: bool) -> None:
    advice = trouble.advice if isinstance(trouble, SetUpWrong) else ""
    assert advice_below(ran, trouble) == advice.splitlines()
    assert advice.startswith("genkan check says: ") == said


@pytest.mark.parametrize("name", SITES)
def test_sites(genkan: Terminal, name: str) -> None:
    """What is wrong at the site or in front of it."""
    change, kind, _ = SITES[name]
    change(genkan.site)
    trouble = told_by_the_library(genkan.site.base_url, HandedAgent(genkan.site.person("alice")))
    ran = genkan("login", genkan.site.base_url)
    is_the_librarys_advice(ran, trouble, said=kind is SetUpWrong and name not in SILENT)


@pytest.mark.parametrize(("error", "kind"), REFUSALS)
def test_refusals_in_the_browser(
    genkan: Terminal, monkeypatch: pytest.MonkeyPatch, error: str, kind: type[AppTrouble]
) -> None:
    """What the site sends back instead of a code; at a site in good order the doctor has nothing to add."""

    def refused(url: str) -> str:
        return (genkan.site.person("alice")(url) or "").replace("code=", f"error={error}&was=")

    monkeypatch.setattr("genkan.cli.app.agent", lambda *, browser: HandedAgent(refused))
    trouble = told_by_the_library(genkan.site.base_url, HandedAgent(refused))
    assert type(trouble) is kind
    is_the_librarys_advice(genkan("login", genkan.site.base_url), trouble, said=False)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("not an address", False),
        ("ftp://nowhere.invalid", False),
        ("https://user:secret@nowhere.invalid", False),
        ("https://[::1", False),
        ("http://nowhere.invalid", True),
        ("https://127.0.0.1:1", False),
        ("{site}/wrong", True),
    ],
)
def test_addresses(genkan: Terminal, address: str, said: bool) -> None:
    """What people type that is no site, or none that can be reached; nobody's password is said."""
    url = address.format(site=genkan.site.base_url)
    ran = genkan("login", url)
    is_the_librarys_advice(ran, told_by_the_library(url, HandedAgent(lambda _: None)), said=said)
    assert "secret" not in ran.err


LINKS: dict[str, tuple[tuple[str, ...], str]] = {
    "an id that the site does not know": (("--client-id", "0" * 32), "Copy the client id anew"),
    "a redirect that is not registered": (("--client-id", "{id}", "--redirect", APP), f"Add {APP} to the redirect"),
    "a permission that the link has not": (
        ("--client-id", "{id}", "--redirect", "jira-server://another", "--scope", "ADMIN"),
        "Set the permission of the link",
    ),
}


@pytest.mark.parametrize("name", LINKS)
def test_links(genkan: Terminal, make_genkan_site: object, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A link that is not as the command says: the doctor looks with the client, redirect and permission of this try."""
    setup = Setup(links=(AppLink("Mine", ("jira-server://another",), Permission.READ),))
    site: SiteDouble = make_genkan_site(setup)  # type: ignore[operator]
    monkeypatch.setattr("genkan.cli.app.agent", lambda *, browser: HandedAgent(lambda _: pytest.fail("it opened")))
    words, advice = LINKS[name]
    ran = genkan("login", site.base_url, *(word.format(id=site.links["Mine"].client_id) for word in words))
    below = ran.err.splitlines()[1:]
    assert ran.status == 2
    assert below[0].startswith("genkan check says: ")
    assert advice in below[0]


def test_a_certificate_that_nobody_knows(genkan: Terminal) -> None:
    """An authority of one's own that is not installed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with tls_server(context) as port:
        url = f"https://127.0.0.1:{port}"
        trouble = told_by_the_library(url, HandedAgent(lambda _: None))
        is_the_librarys_advice(genkan("login", url), trouble, said=True)


def test_a_browser_that_cannot_come_back(genkan: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong on this machine is no matter for the doctor: nothing is asked of the site for it."""
    monkeypatch.setattr("genkan.cli.app.agent", lambda *, browser: HandedAgent(lambda _: None, "app:/other"))
    ran = genkan("login", genkan.site.base_url)
    assert (ran.status, ran.err.count("\n")) == (2, 1)


def test_what_waits_is_not_examined(genkan: Terminal) -> None:
    """A site that is down for a moment needs no doctor: the command ends at once."""
    genkan.site.faults.fail("info/login", 503, 99, retry_after=7)
    ran = genkan("login", genkan.site.base_url)
    assert isinstance(told_by_the_library(genkan.site.base_url, HandedAgent(lambda _: None)), TryLater)
    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert [asked.path for asked in genkan.site.faults.asked if "serverInfo" in asked.path] == []
