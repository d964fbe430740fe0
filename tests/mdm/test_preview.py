"""The phone preview shows what the app decides: the same first screen, the same sentences, and an end for every way."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.app.startup import Broken, ChooseSite, SignIn, plan
from genkan.mdm.check import check
from genkan.mdm.preview import REDIRECT, WORDS, Asked, Here, Phone, Refusal, Screen, Shows, walk
from genkan.wire.login_screen import switched_off
from genkan.wire.managed import Managed, OAuthEntry, SiteEntry
from tests.mdm.test_corpus import CASES, by_name, octets_of

BASE, CLIENT = "https://jira.example.com", "ab" * 16
OWN = SiteEntry("Jira", BASE, OAuthEntry(CLIENT))
NAMED = SiteEntry("Wiki", "https://wiki.example.com")
HERE = Here(BASE, CLIENT, {CLIENT: None})
TYPED = Asked(Phone.UNMANAGED, address=BASE)
ENDS = {Shows.SIGNED_IN, Shows.FAULT, Shows.REFUSED}


def shown(screens: tuple[Screen, ...]) -> list[str]:
    return [screen.shows.value for screen in screens]


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_the_first_screen_is_the_apps(case: dict[str, Any]) -> None:
    """For every file of the corpus: the same choices in the same order, and every fault that the app would show."""
    value = check(octets_of(case)).managed
    first = walk(value, Asked())[0]
    match plan(value, [], 0):
        case Broken(problems, choices):
            assert (first.shows, first.problems, first.choices) == (Shows.SITES, problems, choices)
        case SignIn(choice):
            assert (first.shows, first.address) == (Shows.STRAIGHT, choice.base_url)
        case ChooseSite(choices):
            assert (first.shows, first.problems, first.choices) == (Shows.SITES, (), choices)
        case other:
            raise AssertionError(other)


@pytest.mark.parametrize("phone", Phone)
@pytest.mark.parametrize("here", [None, HERE], ids=["elsewhere", "here"])
def test_every_way_has_an_end(phone: Phone, here: Here | None) -> None:
    """No preview stops in the middle of a sign-in."""
    assert walk(Managed((OWN, NAMED)), Asked(phone, address=BASE), here)[-1].shows in ENDS


@given(st.sampled_from(Phone), st.integers(), st.text(max_size=60), st.binary(max_size=80))
def test_anything_asked_has_a_first_screen(phone: Phone, chosen: int, address: str, octets: bytes) -> None:
    """Whatever is pasted, typed or chosen, a phone shows something."""
    assert walk(check(octets).managed, Asked(phone, chosen, address), HERE)


def test_the_route_by_mdm_with_oauth() -> None:
    """Straight on, a private browser at the site's own address, back to the app; it can be tried out here."""
    start, browser, signed_in = walk(Managed((OWN,)), Asked(), HERE)
    assert (start.shows, browser.shows, signed_in.shows) == (Shows.STRAIGHT, Shows.BROWSER, Shows.SIGNED_IN)
    assert browser.address == f"{BASE}/rest/oauth2/latest/authorize"
    assert (browser.private, browser.tried) == (True, CLIENT)
    assert REDIRECT in str(signed_in.caption)


def test_a_shared_browser_is_no_private_one() -> None:
    """`cacheSessionInMobileBrowser` shows in the browser's bar and below it."""
    shared = replace(OWN, oauth=OAuthEntry(CLIENT, True))
    browser = walk(Managed((shared,)), Asked(), HERE)[1]
    assert not browser.private
    assert browser.caption.words == WORDS["caption-shared"]


def test_the_choice_leads_on() -> None:
    """Whichever site is chosen is the one that is signed in to; a number that is none means the first."""
    value = Managed((OWN, NAMED))
    for chosen, title in ((0, "Jira"), (1, "Wiki"), (7, "Jira"), (-1, "Jira")):
        screens = walk(value, Asked(chosen=chosen), HERE)
        assert f"“{title}”" in str(next(one for one in screens if one.shows is Shows.SIGNED_IN).text[0])


def test_another_sites_answer_is_not_known() -> None:
    """Without `oauth` it depends on the other site, so that each of its answers is shown with its circumstance."""
    screens = walk(Managed((NAMED,)), Asked(), HERE)
    assert shown(screens) == ["straight", "browser", "signed-in", "fault", "fault"]
    assert all(screen.when is not None for screen in screens[1:])
    assert not any(screen.tried for screen in screens)


def test_this_sites_switch_is_known() -> None:
    """Typed or named only: on leads to the browser, off to the app's own sentence, and to nothing else."""
    assert shown(walk(Managed(()), TYPED, HERE)) == ["address", "browser", "signed-in"]
    off = walk(Managed(()), TYPED, replace(HERE, announced=None))
    assert shown(off) == ["address", "fault"]
    assert off[1].text == (switched_off(BASE),)


@pytest.mark.parametrize(
    ("typed", "said"),
    [("http://jira.example.com", "plain http"), ("https://a@jira.example.com", "user name"), ("a b", "space")],
)
def test_a_typed_address_that_will_not_do(typed: str, said: str) -> None:
    """The app's sentence about the address, and no sign-in."""
    screens = walk(Managed(()), replace(TYPED, address=typed), HERE)
    assert shown(screens) == ["address", "fault"]
    assert said in str(screens[1].text[0])


def test_an_address_is_completed_as_the_app_does() -> None:
    """A host alone is this site with https before it."""
    assert shown(walk(Managed(()), replace(TYPED, address=" jira.example.com/ "), HERE)) == [
        "address",
        "browser",
        "signed-in",
    ]


@pytest.mark.parametrize(("in_app", "end"), [(False, Shows.REFUSED), (True, Shows.FAULT)])
def test_what_the_site_refuses_is_shown(in_app: bool, end: Shows) -> None:
    """A client id that the site refuses ends on its page or in the app, with its sentence; nothing can be tried."""
    refusing = replace(HERE, answers={CLIENT: Refusal("Not known here.", in_app)})
    last = walk(Managed((OWN,)), Asked(), refusing)[-1]
    assert last.shows is end
    assert str(last.text[0]) == "Not known here."
    assert not last.tried


def test_android_passes_over_oauth() -> None:
    """People sign in inside the app there, and no browser opens."""
    assert shown(walk(Managed((OWN,)), Asked(Phone.ANDROID), HERE)) == ["straight", "in-app", "signed-in"]


def test_nothing_delivered_lets_people_type() -> None:
    """An MDM that delivers nothing leaves the list empty, and the address can be typed."""
    (only,) = walk(Managed(()), Asked())
    assert (only.shows, only.choices) == (Shows.SITES, ())
    assert only.caption.words == WORDS["caption-none"]
